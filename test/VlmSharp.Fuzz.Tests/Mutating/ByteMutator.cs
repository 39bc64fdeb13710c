using System.Buffers.Binary;
using System.Text;

namespace VlmSharp.Fuzz.Tests.Mutating;

/// <summary>
/// Damages bytes as files get damaged or forged: flips, cuts and repeats bytes, joins two files, and sets integers to values that
/// overflow.
/// </summary>
internal static class ByteMutator
{
    private const int Headers = 700, MostBytes = 1 << 20;

    private static readonly byte[] TellingBytes = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];
    private static readonly long[] TellingIntegers =
    [
        0, 1, 2, -1, -2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32,
        long.MaxValue, long.MinValue, int.MaxValue / 3, int.MaxValue / 4 + 1, 100_000_000, 100_000_001,
    ];

    private static readonly string[] Pieces =
    [
        "-1", "0", "4294967296", "18446744073709551616", "1e999", "[", "{", "}", "\"", ",", "null", "\\ud800", "\"a\":1,", "\0", "\n", " ",
        "\uFEFF",
        "../", "<image>", "<eos>", "<loc0000>", "65535", "65536",
    ];

    /// <summary>One to four edits.</summary>
    /// <param name="original">The bytes; not changed.</param>
    /// <param name="random">Decides everything.</param>
    /// <param name="other">Another file of the kind, to splice with.</param>
    public static byte[] Mutate(ReadOnlySpan<byte> original, Random random, ReadOnlySpan<byte> other)
    {
        List<byte> bytes = [.. original];
        for (int edits = random.Next(1, 5); edits > 0; edits--) Edit(bytes, random, other);
        return bytes.Count <= MostBytes ? [.. bytes] : [.. bytes[..MostBytes]];
    }

    private static void Edit(List<byte> bytes, Random random, ReadOnlySpan<byte> other)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(other[..random.Next(other.Length + 1)]);
            return;
        }

        // Half of the edits hit the headers.
        int at = random.Next(2) == 0 ? random.Next(Math.Min(bytes.Count, Headers)) : random.Next(bytes.Count);
        int Stretch(int most) => Math.Min(random.Next(1, most), bytes.Count - at);
        switch (random.Next(14))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes[at] = TellingBytes[random.Next(TellingBytes.Length)]; break;
            case 3: bytes[at] += (byte)(random.Next(2) == 0 ? 1 : 255); break;
            case 4 or 5: SetInteger(bytes, at, random); break;
            case 6: bytes.RemoveRange(at, bytes.Count - at); break;
            case 7: bytes.RemoveRange(at, Stretch(24)); break;
            case 8: bytes.InsertRange(at, bytes.GetRange(at, Stretch(200))); break;
            case 9: Repeat(bytes, at, Stretch(16), random.Next(1, 2000)); break;
            case 10: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)])); break;
            case 11: Fill(bytes, at, Stretch(64), TellingBytes[random.Next(TellingBytes.Length)]); break;
            case 12: Splice(bytes, at, random, other); break;
            default: for (int i = Stretch(16); i > 0; i--) bytes[at + i - 1] = (byte)random.Next(256); break;
        }
    }

    private static void SetInteger(List<byte> bytes, int at, Random random)
    {
        long value = random.Next(3) == 0 ? bytes.Count + random.Next(-16, 17) : TellingIntegers[random.Next(TellingIntegers.Length)];
        Span<byte> field = stackalloc byte[8];
        int size = 1 << random.Next(1, 4);
        BinaryPrimitives.WriteInt64LittleEndian(field, value);
        field = field[..size];
        if (random.Next(2) == 0) field.Reverse();
        for (int i = 0; i < size && at + i < bytes.Count; i++) bytes[at + i] = field[i];
    }

    private static void Repeat(List<byte> bytes, int at, int length, int times)
    {
        List<byte> stretch = bytes.GetRange(at, length);
        List<byte> all = new(length * times);
        for (int i = 0; i < times; i++) all.AddRange(stretch);
        bytes.InsertRange(at, all);
    }

    private static void Fill(List<byte> bytes, int at, int length, byte value)
    {
        for (int i = 0; i < length; i++) bytes[at + i] = value;
    }

    /// <summary>This file up to a place, followed by the other file from the same place or another.</summary>
    private static void Splice(List<byte> bytes, int at, Random random, ReadOnlySpan<byte> other)
    {
        int from = random.Next(2) == 0 ? Math.Min(at, other.Length) : random.Next(other.Length + 1);
        bytes.RemoveRange(at, bytes.Count - at);
        bytes.AddRange(other[from..]);
    }
}
