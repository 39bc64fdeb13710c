using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging;

/// <summary>
/// Resizes a picture row by row as the rows arrive (<see cref="BicubicResize"/> has the filter). Between the two passes it keeps only the
/// rows that the next output row needs. A picture that is stored rotated or mirrored is resized as stored, and the small result is turned
/// upright. The passes run in the order of the upright picture, so the bytes equal those of turning the picture first.
/// </summary>
/// <param name="width">Columns of the result, upright.</param>
/// <param name="height">Rows of the result, upright.</param>
internal sealed class RowResizer(int width, int height) : IRowSink
{
    private const int Channels = BicubicResize.Channels;

    private int orientation = 1;
    private int storedWidth, storedHeight; // of the source
    private int across, down;              // of the result before it is turned
    private BicubicResize.Taps? columns;   // null where the size stays
    private BicubicResize.Taps? rows;
    private bool rowsFirst;
    private int next, done;                // source rows that have arrived, and result rows that are made

    private byte[] result = [];    // [down, across, 3]
    private byte[] kept = [];      // [window, bytes of a kept row]: row r at r modulo the window
    private byte[] mirrored = [];  // [storedWidth, 3]
    private byte[] narrow = [];    // a row between the passes
    private int[] sums = [];
    private int window;

    /// <summary>Columns of the source, upright.</summary>
    public int SourceWidth => ExifOrientation.SwapsAxes(orientation) ? storedHeight : storedWidth;

    /// <summary>Rows of the source, upright.</summary>
    public int SourceHeight => ExifOrientation.SwapsAxes(orientation) ? storedWidth : storedHeight;

    public long BytesFor(int sourceWidth, int sourceHeight) => 6L * width * height + 3L * Math.Max(sourceWidth, sourceHeight);

    public void Begin(int sourceWidth, int sourceHeight, int sourceOrientation)
    {
        (storedWidth, storedHeight, orientation) = (sourceWidth, sourceHeight, sourceOrientation);
        bool swaps = ExifOrientation.SwapsAxes(orientation);
        (across, down) = swaps ? (height, width) : (width, height);
        columns = storedWidth == across ? null : new BicubicResize.Taps(storedWidth, across);
        rows = storedHeight == down ? null : new BicubicResize.Taps(storedHeight, down);
        rowsFirst = BicubicResize.RowsFirst(SourceWidth, SourceHeight, width, height) != swaps;
        result = new byte[across * down * Channels];
        int keptBytes = (rowsFirst ? storedWidth : across) * Channels;
        window = rows is null ? 0 : Math.Min(rows.MaxCount, storedHeight);
        kept = new byte[window * keptBytes];
        sums = rows is null ? [] : new int[keptBytes];
        narrow = new byte[keptBytes];
        mirrored = ExifOrientation.MirrorsColumns(orientation) ? new byte[storedWidth * Channels] : [];
        next = done = 0;
    }

    public void Take(ReadOnlySpan<byte> row)
    {
        row = row[..(storedWidth * Channels)];
        if (mirrored.Length > 0)
            row = Mirror(row);
        int at = Upright(next++, storedHeight);
        if (rows is null)
        {
            AcrossRow(row, Result(at));
            return;
        }
        Span<byte> place = Kept(at);
        if (rowsFirst)
            row.CopyTo(place);
        else
            AcrossRow(row, place);
        for (; done < down && IsReady(at, Upright(done, down)); done++)
            MakeRow(Upright(done, down));
    }

    /// <summary>The resized picture, after all rows have arrived.</summary>
    public RgbImage Finish()
    {
        if (!ExifOrientation.SwapsAxes(orientation))
            return new RgbImage(width, height, result);
        var turned = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = turned.Row(y);
            for (int x = 0; x < width; x++)
                result.AsSpan((x * across + y) * Channels, Channels).CopyTo(row[(x * Channels)..]);
        }
        return turned;
    }

    // If rows run from bottom to top they arrive in the opposite order, and the result's rows are made in that order too.
    private int Upright(int row, int of) => ExifOrientation.MirrorsRows(orientation) ? of - 1 - row : row;

    private Span<byte> Result(int row) => result.AsSpan(row * across * Channels, across * Channels);

    private Span<byte> Kept(int row) => kept.AsSpan(row % window * sums.Length, sums.Length);

    // Whether the last of the rows that make a result row has arrived: the first one if rows run from bottom to top.
    private bool IsReady(int at, int row) => ExifOrientation.MirrorsRows(orientation)
        ? at <= rows!.First(row)
        : at >= rows!.First(row) + rows.Weights(row).Length - 1;

    private void MakeRow(int row)
    {
        int first = rows!.First(row);
        ReadOnlySpan<int> weights = rows.Weights(row);
        sums.AsSpan().Fill(BicubicResize.Half);
        for (int i = 0; i < weights.Length; i++)
            BicubicResize.Accumulate(Kept(first + i), weights[i], sums);
        Span<byte> made = rowsFirst ? narrow : Result(row);
        for (int x = 0; x < made.Length; x++)
            made[x] = BicubicResize.Round(sums[x]);
        if (rowsFirst)
            AcrossRow(made, Result(row));
    }

    private void AcrossRow(ReadOnlySpan<byte> row, Span<byte> target)
    {
        if (columns is null)
            row.CopyTo(target);
        else
            BicubicResize.AcrossRow(row, columns, target);
    }

    private ReadOnlySpan<byte> Mirror(ReadOnlySpan<byte> row)
    {
        for (int x = 0, to = mirrored.Length - Channels; x < row.Length; x += Channels, to -= Channels)
            row.Slice(x, Channels).CopyTo(mirrored.AsSpan(to));
        return mirrored;
    }
}
