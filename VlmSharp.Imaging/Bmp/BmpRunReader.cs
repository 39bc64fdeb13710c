using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Bmp;

/// <summary>
/// The run-length codes of RLE8 and RLE4: a pair (count, value) repeats; (0, 0) ends a row, (0, 1) the picture, (0, 2, x, y)
/// moves right and on, and (0, n) is followed by n literal indices, padded to an even number of bytes.
/// </summary>
internal ref struct BmpRunReader(ReadOnlySpan<byte> data, bool fourBits, DecodeContext context)
{
    private readonly ReadOnlySpan<byte> data = data;
    private int position;
    private int column;
    private int rowsToSkip;
    private bool ended;

    /// <summary>Fills the next row with palette indices.</summary>
    public void ReadRow(Span<byte> row)
    {
        row.Clear();
        if (rowsToSkip > 0)
        {
            rowsToSkip--;
            if (rowsToSkip > 0)
                return;
        }
        while (!ended)
        {
            int count = Next(), value = Next();
            if (count > 0)
            {
                Repeat(row, count, value);
            }
            else if (value == 0)
            {
                column = 0;
                return;
            }
            else if (value == 1)
            {
                ended = true;
            }
            else if (value == 2)
            {
                column += Next();
                rowsToSkip = Next();
                if (rowsToSkip > 0)
                    return;
            }
            else
            {
                Copy(row, value);
            }
        }
    }

    private void Repeat(Span<byte> row, int count, int value)
    {
        for (int i = 0; i < count; i++)
        {
            int index = !fourBits ? value : (i & 1) == 0 ? value >> 4 : value & 15;
            Put(row, index);
        }
    }

    private void Copy(Span<byte> row, int count)
    {
        int bytes = fourBits ? (count + 1) / 2 : count;
        for (int i = 0, pair = 0; i < count; i++)
        {
            if (!fourBits)
            {
                Put(row, Next());
                continue;
            }
            if ((i & 1) == 0)
                pair = Next();
            Put(row, (i & 1) == 0 ? pair >> 4 : pair & 15);
        }
        if ((bytes & 1) != 0)
            Next();
    }

    // Indices beyond the right edge are dropped.
    private void Put(Span<byte> row, int index)
    {
        if ((uint)column < (uint)row.Length)
            row[column] = (byte)index;
        column++;
    }

    private int Next() => position < data.Length ? data[position++] : throw context.Truncated("its pixel data");
}
