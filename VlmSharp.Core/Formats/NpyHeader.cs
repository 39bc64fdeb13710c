using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace VlmSharp.Formats;

/// <summary>The header of a NumPy <c>.npy</c> file (format versions 1 to 3) of little-endian floats in row-major order.</summary>
/// <param name="ElementBytes">2, 4 or 8: binary16, binary32 or binary64.</param>
/// <param name="Shape">The dimensions, outermost first; at most 32.</param>
internal sealed partial record NpyHeader(int ElementBytes, IReadOnlyList<long> Shape)
{
    private const int MostBytes = 1 << 16;
    private const int MostDimensions = 32; // as in NumPy

    /// <summary>Reads the header and leaves the stream at the first number.</summary>
    /// <param name="stream">The file from its start.</param>
    /// <param name="name">The file's name in messages.</param>
    /// <exception cref="ModelFormatException">The file is not of this kind.</exception>
    /// <exception cref="EndOfStreamException">The file is truncated.</exception>
    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[8]; // magic, major and minor version
        stream.ReadExactly(start);
        if (!start[..6].SequenceEqual((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'])
            || start[6] is < 1 or > 3)
            throw new ModelFormatException($"{name} is not a NumPy array of format version 1, 2 or 3.");
        Span<byte> lengthBytes = stackalloc byte[start[6] == 1 ? 2 : 4];
        stream.ReadExactly(lengthBytes);
        uint length = start[6] == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes)
            : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (length > MostBytes) throw new ModelFormatException($"{name} states a header of {length} bytes, past the limit of {MostBytes}.");
        var text = new byte[length];
        stream.ReadExactly(text);
        return Parse(Encoding.UTF8.GetString(text), name);
    }

    /// <summary>Parses the Python dictionary of a header.</summary>
    private static NpyHeader Parse(string text, string name)
    {
        Match type = Type().Match(text), order = Order().Match(text), shape = Dimensions().Match(text);
        if (!type.Success || !order.Success || !shape.Success)
            throw new ModelFormatException($"{name} has a NumPy header without 'descr', 'fortran_order' and 'shape'.");
        int bytes = type.Groups[1].Value switch
        {
            "<f2" => 2,
            "<f4" => 4,
            "<f8" => 8,
            string other => throw new ModelFormatException(
                $"{name} holds numbers of type {MessageText.Quote(other)}, where little-endian floats belong ('<f4')."),
        };
        string[] parts = shape.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var dimensions = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (i >= MostDimensions || !long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out dimensions[i]))
                throw new ModelFormatException($"{name} has the shape {MessageText.Quote(shape.Groups[1].Value)}, which is none.");
        }
        return order.Groups[1].Value == "False" || dimensions.Length < 2
            ? new NpyHeader(bytes, dimensions)
            : throw new ModelFormatException($"{name} is stored column by column; save it with numpy.ascontiguousarray.");
    }

    [GeneratedRegex(@"'descr'\s*:\s*'([^']{0,16})'", RegexOptions.CultureInvariant)]
    private static partial Regex Type();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)", RegexOptions.CultureInvariant)]
    private static partial Regex Order();

    [GeneratedRegex(@"'shape'\s*:\s*\(([0-9, ]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Dimensions();
}
