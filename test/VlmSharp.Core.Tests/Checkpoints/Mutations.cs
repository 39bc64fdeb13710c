namespace VlmSharp.Core.Tests.Checkpoints;

/// <summary>Damages bytes in the ways that files get damaged: flipped, cut, repeated, overwritten with telling values.</summary>
internal static class Mutations
{
    private static readonly string[] Pieces = ["-1", "18446744073709551616", "1e999", "[", "{", "}", "\"", "null", "\\ud800", "0", ",", "\"a\":1,"];

    public static IEnumerable<byte[]> Of(byte[] original, int count, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            List<byte> bytes = [.. original];
            for (int edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--) Mutate(bytes, random);
            yield return [.. bytes];
        }
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count);
        switch (random.Next(6))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)); break;
            case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at))); break;
            default: bytes.InsertRange(at, System.Text.Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)])); break;
        }
    }
}
