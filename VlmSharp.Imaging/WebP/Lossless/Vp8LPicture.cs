using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>WebP's lossless format (RFC 9649, section 3): pixels are read, then the transforms are undone in the opposite order.</summary>
internal static class Vp8LPicture
{
    private const int HeaderBytes = 5;
    private const byte Signature = 0x2F;

    /// <summary>Reads the size only.</summary>
    public static (int Width, int Height) ReadSize(ReadOnlySpan<byte> stream, DecodeContext context)
    {
        if (stream.Length < HeaderBytes)
            throw context.Truncated("its lossless header");
        if (stream[0] != Signature || stream[4] >> 5 != 0)
            throw context.Damaged("its lossless stream has an unknown signature or version");
        int width = (stream[1] | stream[2] << 8) & 0x3FFF;
        int height = (stream[2] >> 6 | stream[3] << 2 | stream[4] << 10) & 0x3FFF;
        return (width + 1, height + 1);
    }

    /// <summary>Decodes a picture whose size has been checked.</summary>
    /// <param name="stream">The payload of a <c>VP8L</c> chunk.</param>
    /// <param name="orientation">How to turn it upright; 0 if its file does not say.</param>
    /// <param name="context">The errors to throw.</param>
    /// <param name="sink">Receives the rows.</param>
    public static void Decode(ReadOnlySpan<byte> stream, int orientation, DecodeContext context, IRowSink sink)
    {
        (int width, int height) = ReadSize(stream, context);
        context.Reserve(4L * width * height);
        uint[] pixels = ReadPixels(stream[HeaderBytes..], width, height, context);
        context.Begin(sink, width, height, orientation);
        var row = new byte[width * 3];
        for (int y = 0; y < height; y++)
        {
            Span<byte> to = row;
            foreach (uint pixel in pixels.AsSpan(y * width, width))
            {
                (to[0], to[1], to[2]) = ((byte)(pixel >> 16), (byte)(pixel >> 8), (byte)pixel);
                context.Background?.Under(to, (byte)(pixel >> 24));
                to = to[3..];
            }
            sink.Take(row);
        }
    }

    /// <summary>Reads the pixels of a stream without a header.</summary>
    /// <returns>ARGB, [height, width].</returns>
    public static uint[] ReadPixels(ReadOnlySpan<byte> stream, int width, int height, DecodeContext context)
    {
        var reader = new Vp8LBitReader(stream, context);
        var transforms = new List<Vp8LTransform>();
        int packedWidth = width;
        while (reader.ReadBit())
        {
            Vp8LTransform transform = Vp8LTransform.Read(ref reader, packedWidth, height);
            if (transforms.Any(t => t.Kind == transform.Kind))
                throw context.Damaged("it has the same transform twice");
            transforms.Add(transform);
            packedWidth = transform.PackedWidth;
        }
        var pixels = new uint[width * height];
        Vp8LImageStream.ReadMain(ref reader, pixels.AsSpan(0, packedWidth * height), packedWidth);
        for (int i = transforms.Count - 1; i >= 0; i--)
            transforms[i].Undo(pixels.AsSpan(0, transforms[i].Width * height));
        return pixels;
    }
}
