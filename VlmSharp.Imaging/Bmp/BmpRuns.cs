using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Bmp;

/// <summary>
/// The run-length codes of RLE8 and RLE4. A pair (count, value) repeats the value; (0, 0) ends a row and (0, 1) the picture; (0, 2, x, y)
/// moves right by x and on by y rows; (0, n) is followed by n literal indices, padded to an even position in the file. Indices are written
/// one after the other. Runs that do not fit their rows are read as in Pillow: a repetition stops at the right edge, literals continue in
/// the next row, the end of a row fills it up with index 0, and an odd number of 4-bit literals loses its last one. Runs that end before
/// the picture is full are an error.
/// </summary>
internal ref struct BmpRuns
{
    private readonly ReadOnlySpan<byte> file;
    private readonly bool fourBits;
    private readonly int width;
    private readonly byte[] indices;
    private int position; // in the file
    private long count;   // of the indices read so far
    private int column;

    private BmpRuns(ReadOnlySpan<byte> file, BmpHeader header)
    {
        this.file = file;
        fourBits = header.Compression == BmpCompression.Rle4;
        width = header.Width;
        indices = new byte[header.Width * header.Height];
        position = header.PixelOffset;
    }

    /// <summary>Reads the runs.</summary>
    /// <returns>[height, width] palette indices, in the order of the file.</returns>
    /// <exception cref="ImageFormatException">The runs end before the picture is full.</exception>
    public static byte[] Read(ReadOnlySpan<byte> file, BmpHeader header, DecodeContext context)
    {
        var runs = new BmpRuns(file, header);
        while (runs.count < runs.indices.Length && runs.ReadCode()) { }
        return runs.count < runs.indices.Length ? throw context.Truncated("its pixel data") : runs.indices;
    }

    // False at the end of the picture or of the file.
    private bool ReadCode()
    {
        if (file.Length - position < 2)
            return false;
        int repetitions = file[position], value = file[position + 1];
        position += 2;
        if (repetitions > 0)
        {
            Repeat(Math.Clamp(width - column, 0, repetitions), value);
            return true;
        }
        switch (value)
        {
            case 0:
                count = (count + width - 1) / width * width;
                column = 0;
                return true;
            case 1:
                return false;
            case 2:
                if (file.Length - position < 2)
                    return false;
                count += file[position] + (long)file[position + 1] * width;
                column = (int)(count % width);
                position += 2;
                return true;
            default:
                return Copy(value);
        }
    }

    private void Repeat(int times, int value)
    {
        for (int i = 0; i < times; i++)
            Put(!fourBits ? value : (i & 1) == 0 ? value >> 4 : value & 15);
        column += times;
    }

    // False if the file ends within the literals.
    private bool Copy(int literals)
    {
        int bytes = fourBits ? literals / 2 : literals, there = Math.Min(bytes, file.Length - position);
        foreach (byte value in file.Slice(position, there))
        {
            if (fourBits)
                Put(value >> 4);
            Put(fourBits ? value & 15 : value);
        }
        column += literals;
        position += there;
        position = Math.Min(position + (position & 1), file.Length);
        return there == bytes;
    }

    private void Put(int index)
    {
        if (count < indices.Length)
            indices[count] = (byte)index;
        count++;
    }
}
