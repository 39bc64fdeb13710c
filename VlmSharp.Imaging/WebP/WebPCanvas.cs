using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP;

/// <summary>
/// Puts the rows of an animation's first frame at their place on its canvas, which is black or has the background's color.
/// </summary>
/// <param name="container">The canvas and the frame's place on it.</param>
/// <param name="width">Columns of the frame.</param>
/// <param name="height">Rows of the frame.</param>
/// <param name="background">The canvas's color; black when null.</param>
/// <param name="canvas">Receives the rows of the canvas.</param>
internal sealed class WebPCanvas(WebPContainer container, int width, int height, Background? background, IRowSink canvas) : IRowSink
{
    private readonly byte[] empty = Fill(container.CanvasWidth, background);
    private readonly byte[] row = Fill(container.CanvasWidth, background);
    private int next;

    public long BytesFor(int frameWidth, int frameHeight) => canvas.BytesFor(container.CanvasWidth, container.CanvasHeight);

    public void Begin(int frameWidth, int frameHeight, int orientation)
    {
        canvas.Begin(container.CanvasWidth, container.CanvasHeight, orientation);
        for (int y = 0; y < container.Top; y++)
            canvas.Take(empty);
    }

    public void Take(ReadOnlySpan<byte> frameRow)
    {
        frameRow[..(width * 3)].CopyTo(row.AsSpan(container.Left * 3));
        canvas.Take(row);
        if (++next < height)
            return;
        for (int y = container.Top + height; y < container.CanvasHeight; y++)
            canvas.Take(empty);
    }

    private static byte[] Fill(int pixels, Background? background)
    {
        var row = new byte[pixels * 3];
        for (int x = 0; background is not null && x < row.Length; x += 3)
            (row[x], row[x + 1], row[x + 2]) = (background.Red, background.Green, background.Blue);
        return row;
    }
}
