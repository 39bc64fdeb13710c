namespace VlmSharp.Imaging.Decoding;

/// <summary>
/// Takes the rows of a picture as a decoder makes them, from the top. It keeps them all, or resizes them at once, so that the whole picture
/// is never in memory.
/// </summary>
internal interface IRowSink
{
    /// <summary>The memory that the sink will hold for a picture of this size, in bytes.</summary>
    long BytesFor(int width, int height);

    /// <summary>Called once, before the first row, through <see cref="DecodeContext.Begin"/>.</summary>
    /// <param name="width">Columns as they are stored, checked by <see cref="DecodeContext.CheckSize"/>.</param>
    /// <param name="height">Rows as they are stored.</param>
    /// <param name="orientation">How to turn the picture upright, 1 to 8 as in EXIF; 1 leaves it.</param>
    void Begin(int width, int height, int orientation);

    /// <summary>Takes the next row. The sink must not keep a reference to it.</summary>
    /// <param name="row">Width x 3 bytes: R, G, B of each pixel.</param>
    void Take(ReadOnlySpan<byte> row);
}
