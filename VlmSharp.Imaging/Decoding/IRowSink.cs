namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// Takes the rows of a picture as a decoder makes them, from the top: to keep them all, or to resize them on the way, so that the
/// whole picture is never in memory.
/// </summary>
internal interface IRowSink
{
    /// <summary>What it will hold for a picture of this size, in bytes.</summary>
    long BytesFor(int width, int height);

    /// <summary>Called once, before the first row, through <see cref="DecodeContext.Begin"/>.</summary>
    /// <param name="width">Columns as they are stored, checked by <see cref="DecodeContext.CheckSize"/>.</param>
    /// <param name="height">Rows as they are stored.</param>
    /// <param name="orientation">How the picture must be turned to be upright, 1 to 8 as EXIF counts; 1 leaves it.</param>
    void Begin(int width, int height, int orientation);

    /// <summary>Takes the next row, of which nothing is kept by reference.</summary>
    /// <param name="row">Width x 3 bytes: R, G, B of each pixel.</param>
    void Take(ReadOnlySpan<byte> row);
}
