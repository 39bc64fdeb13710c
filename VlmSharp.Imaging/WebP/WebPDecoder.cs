using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.WebP.Lossless;
using VlmSharp.Imaging.WebP.Lossy;

namespace VlmSharp.Imaging.WebP;

/// <summary>
/// WebP (RFC 9649), lossy and lossless, with the same pixels as libwebp and therefore Pillow. Alpha is dropped and nothing is blended,
/// unless there is a background. Of an animation the first frame is shown, on a canvas that is black or has the background's color.
/// </summary>
internal sealed class WebPDecoder : IImageDecoder
{
    public string Format => "WebP";

    public bool Recognizes(ReadOnlySpan<byte> header) =>
        header.StartsWith("RIFF"u8) && header.Length >= 12 && header[8..].StartsWith("WEBP"u8);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        var container = new WebPContainer(file, context);
        ReadOnlySpan<byte> coded = container.Picture.Padded(file);
        bool lossless = container.Picture.Name == WebPChunk.Lossless;
        (int width, int height) = lossless ? Vp8LPicture.ReadSize(coded, context) : Vp8FrameHeader.ReadSize(coded, context);
        context.CheckSize(width, height);
        CheckCanvas(container, width, height, context);
        if (container.CanvasWidth > 0 && (width != container.CanvasWidth || height != container.CanvasHeight))
            sink = new WebPCanvas(container, width, height, context.Background, sink);
        if (lossless)
        {
            Vp8LPicture.Decode(coded, container.Orientation, context, sink);
            return;
        }
        // A picture with damaged alpha is refused, even if the alpha is not used.
        byte[] alpha = container.Alpha.Length > 0 ? WebPAlpha.Decode(container.Alpha.Of(file), width, height, context) : [];
        Vp8Frame.Decode(coded.ToArray(), context.Background is null ? [] : alpha, container.Orientation, context, sink);
    }

    private static void CheckCanvas(WebPContainer container, int width, int height, DecodeContext context)
    {
        if (container.CanvasWidth == 0)
            return;
        bool fits = container.IsAnimation
            ? container.Left + width <= container.CanvasWidth && container.Top + height <= container.CanvasHeight
            : width == container.CanvasWidth && height == container.CanvasHeight;
        if (!fits)
        {
            throw context.Damaged(
                $"its picture of {width} x {height} pixels does not fit its canvas of {container.CanvasWidth} x {container.CanvasHeight}");
        }
    }
}
