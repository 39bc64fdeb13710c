using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.WebP.Lossless;
using VlmSharp.Imaging.WebP.Lossy;

namespace VlmSharp.Imaging.WebP;

/// <summary>
/// WebP (RFC 9649), lossy and lossless, with the pixels that libwebp and so Pillow gives. Alpha is dropped, nothing is
/// blended. Of an animation the first frame is shown, on a black canvas.
/// </summary>
internal sealed class WebPDecoder : IImageDecoder
{
    public string Format => "WebP";

    public bool Recognizes(ReadOnlySpan<byte> header) =>
        header.StartsWith("RIFF"u8) && header.Length >= 12 && header[8..].StartsWith("WEBP"u8);

    public Raster Decode(ReadOnlySpan<byte> file, DecodeContext context)
    {
        var container = new WebPContainer(file, context);
        return context.Upright(PlaceOnCanvas(ReadPicture(file, container, context), container), container.Orientation);
    }

    private static Raster ReadPicture(ReadOnlySpan<byte> file, WebPContainer container, DecodeContext context)
    {
        ReadOnlySpan<byte> coded = container.Picture.Padded(file);
        bool lossless = container.Picture.Name == WebPChunk.Lossless;
        (int width, int height) = lossless ? Vp8LPicture.ReadSize(coded, context) : Vp8FrameHeader.ReadSize(coded, context);
        context.CheckSize(width, height);
        CheckCanvas(container, width, height, context);
        if (lossless)
            return Vp8LPicture.Decode(coded, context);
        // A picture whose alpha is damaged is refused as a whole; nothing else is done with the alpha.
        if (container.Alpha.Length > 0)
            WebPAlpha.Decode(container.Alpha.Of(file), width, height, context);
        return Vp8Frame.Decode(coded.ToArray(), context);
    }

    private static void CheckCanvas(WebPContainer container, int width, int height, DecodeContext context)
    {
        if (container.CanvasWidth == 0)
            return;
        bool fits = container.IsAnimation
            ? container.Left + width <= container.CanvasWidth && container.Top + height <= container.CanvasHeight
            : width == container.CanvasWidth && height == container.CanvasHeight;
        if (!fits)
            throw context.Damaged($"its picture of {width} x {height} pixels does not fit its canvas of {container.CanvasWidth} x {container.CanvasHeight}");
    }

    private static Raster PlaceOnCanvas(Raster frame, WebPContainer container)
    {
        if (container.CanvasWidth == 0 || (frame.Width == container.CanvasWidth && frame.Height == container.CanvasHeight))
            return frame;
        var canvas = new Raster(container.CanvasWidth, container.CanvasHeight);
        for (int y = 0; y < frame.Height; y++)
            frame.Row(y).CopyTo(canvas.Row(container.Top + y)[(container.Left * 3)..]);
        return canvas;
    }
}
