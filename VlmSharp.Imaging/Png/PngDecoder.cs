using System.IO.Compression;
using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// PNG (ISO/IEC 15948): all color types, depths 1 to 16, the five row filters, Adam7, split IDAT. tRNS and gAMA do not change the colors,
/// as in Pillow.
/// </summary>
internal sealed class PngDecoder : IImageDecoder
{
    // Deflate cannot expand more than about 1032 to 1, so fewer compressed bytes than this cannot fill the picture.
    private const int MaxDeflateRatio = 1032;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public string Format => "PNG";

    public bool Recognizes(ReadOnlySpan<byte> header) => header.StartsWith(Signature);

    public void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink)
    {
        PngChunks chunks = PngChunks.Read(file, Signature.Length, context);
        PngHeader header = chunks.Header ?? throw context.Damaged("it has no IHDR chunk");
        if (header.Color == PngColor.Palette && chunks.Palette is null)
            throw context.Damaged("its palette (PLTE chunk) is missing");
        long rawBytes = (long)header.Height * header.RowBytes(header.Width);
        if (rawBytes > (chunks.DataBytes + 64L) * MaxDeflateRatio)
            throw context.Truncated("its pixel data (IDAT)");
        context.Begin(sink, header.Width, header.Height, chunks.Orientation);
        ReadPixels(file, header, chunks, context, sink);
    }

    private static unsafe void ReadPixels(
        ReadOnlySpan<byte> file, PngHeader header, PngChunks chunks, DecodeContext context, IRowSink sink)
    {
        fixed (byte* first = file)
        {
            using var inflated = new ZLibStream(new PngData(first, chunks.Data), CompressionMode.Decompress);
            try
            {
                new PngRows(header, new PngPixels(header, chunks, context), inflated, context).ReadInto(sink);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                // The stream is in memory, so an IOException too means bad contents, such as a request for a preset dictionary.
                throw context.Damaged("its pixel data (IDAT) is not valid zlib data", e);
            }
        }
    }
}
