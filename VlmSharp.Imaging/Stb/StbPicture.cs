using StbImageSharp;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Stb;

/// <summary>
/// Calls StbImageSharp for formats whose headers were read and checked before: the library has no limits of its own, and 18 bytes may
/// request gigabytes. It gets only formats whose pixels are a function of the file's bytes (test/VlmSharp.Fuzz.Tests checks this with
/// memory of different contents). Its JPEG decoder does not meet this condition.
/// </summary>
internal static class StbPicture
{
    /// <summary>Decodes a file that is given as a head and a remaining part.</summary>
    /// <param name="head">The first bytes.</param>
    /// <param name="rest">The bytes that follow.</param>
    /// <param name="width">Columns, as the header says.</param>
    /// <param name="height">Rows, as the header says.</param>
    /// <param name="channels">The most channels that the library may produce: they determine its memory, and ours again.</param>
    /// <param name="context">Limits, and the errors to throw.</param>
    public static unsafe ImageResult Decode(
        byte[] head, ReadOnlySpan<byte> rest, int width, int height, int channels, DecodeContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Reserve(2L * channels * width * height);
        fixed (byte* first = rest)
        {
            using var stream = new GuardedStream(head, first, rest.Length);
            ImageResult result;
            try
            {
                result = ImageResult.FromStream(stream);
            }
            catch (InvalidOperationException e)
            {
                throw stream.PastEnd > 0 ? context.Truncated("its pixel data") : context.Damaged("its pixel data cannot be followed", e);
            }
            if (stream.PastEnd > 0)
                throw context.Truncated("its pixel data");
            return result.Width == width && result.Height == height
                ? result
                : throw context.Damaged($"it was read as {result.Width} x {result.Height} pixels");
        }
    }

    /// <summary>Passes the rows on as RGB.</summary>
    /// <param name="image">One channel (gray), two (gray, alpha), three or four.</param>
    /// <param name="isMirrored">Whether its first column is the right one.</param>
    /// <param name="context">The background, if any.</param>
    /// <param name="sink">Receives the rows.</param>
    public static void Emit(ImageResult image, bool isMirrored, DecodeContext context, IRowSink sink)
    {
        context.Begin(sink, image.Width, image.Height);
        int channels = (int)image.Comp, green = channels >= 3 ? 1 : 0;
        bool hasAlpha = channels is 2 or 4;
        var row = new byte[image.Width * 3];
        for (int y = 0; y < image.Height; y++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> from = image.Data.AsSpan(y * image.Width * channels, image.Width * channels);
            for (int x = 0; x < image.Width; x++, from = from[channels..])
            {
                Span<byte> to = row.AsSpan((isMirrored ? image.Width - 1 - x : x) * 3, 3);
                (to[0], to[1], to[2]) = (from[0], from[green], from[2 * green]);
                if (hasAlpha)
                    context.Background?.Under(to, from[channels - 1]);
            }
            sink.Take(row);
        }
    }
}
