namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// Entropy-coded pixels of a lossless stream (WebP lossless specification, section 5): literals, copies of earlier pixels and colors of the
/// cache. The picture itself is one such image; its transforms and regions are stored as smaller ones.
/// </summary>
internal static class Vp8LImageStream
{
    /// <summary>Reads an image that describes a part of the stream itself.</summary>
    /// <returns>ARGB, [height, width].</returns>
    public static uint[] ReadAuxiliary(ref Vp8LBitReader reader, int width, int height)
    {
        int cacheBits = ReadCacheBits(ref reader);
        var regions = new Vp8LRegions(Vp8LCodeGroup.Read(ref reader, new Vp8LPrefixCodeReader(), CacheSize(cacheBits)));
        var pixels = new uint[width * height];
        ReadPixels(ref reader, pixels, width, regions, cacheBits);
        return pixels;
    }

    /// <summary>Reads the picture, before the transforms are undone.</summary>
    /// <param name="reader">The stream, after the transforms.</param>
    /// <param name="pixels">Receives ARGB, [height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    public static void ReadMain(ref Vp8LBitReader reader, Span<uint> pixels, int width)
    {
        int cacheBits = ReadCacheBits(ref reader);
        Vp8LRegions regions = Vp8LRegions.Read(ref reader, width, pixels.Length / width, CacheSize(cacheBits));
        ReadPixels(ref reader, pixels, width, regions, cacheBits);
    }

    private static int ReadCacheBits(ref Vp8LBitReader reader)
    {
        if (!reader.ReadBit())
            return 0;
        int bits = reader.ReadBits(4);
        if (bits is < 1 or > Vp8LCodeGroup.MaxCacheBits)
            throw reader.Context.Damaged($"a color cache has {bits} bits");
        return bits;
    }

    private static int CacheSize(int bits) => bits == 0 ? 0 : 1 << bits;

    private static void ReadPixels(ref Vp8LBitReader reader, Span<uint> pixels, int width, Vp8LRegions regions, int cacheBits)
    {
        Vp8LColorCache? cache = cacheBits > 0 ? new Vp8LColorCache(cacheBits) : null;
        Vp8LCodeGroup group = regions.At(0, 0);
        int x = 0, y = 0, at = 0, cached = 0;
        while (at < pixels.Length)
        {
            if (regions.BeginsAt(x))
                group = regions.At(x, y);
            int symbol = reader.ReadSymbol(group.Green);
            int count = 1;
            if (symbol < Vp8LCodeGroup.Literals)
            {
                uint red = (uint)reader.ReadSymbol(group.Red), blue = (uint)reader.ReadSymbol(group.Blue);
                pixels[at] = (uint)reader.ReadSymbol(group.Alpha) << 24 | red << 16 | (uint)symbol << 8 | blue;
            }
            else if (symbol < Vp8LCodeGroup.Literals + Vp8LCodeGroup.LengthPrefixes)
            {
                count = ReadCopy(ref reader, pixels, at, width, symbol - Vp8LCodeGroup.Literals, group);
            }
            else
            {
                // Only a stream with a cache has such symbols. The cache is updated only when it is used.
                cache!.Add(pixels[cached..at]);
                cached = at;
                pixels[at] = cache[symbol - Vp8LCodeGroup.Literals - Vp8LCodeGroup.LengthPrefixes];
            }
            at += count;
            x += count;
            if (x >= width)
                reader.Context.Cancellation.ThrowIfCancellationRequested();
            for (; x >= width; x -= width)
                y++;
            // A copy can end in another region.
            if (count > 1 && at < pixels.Length)
                group = regions.At(x, y);
        }
    }

    // Returns the number of pixels.
    private static int ReadCopy(ref Vp8LBitReader reader, Span<uint> pixels, int at, int width, int lengthPrefix, Vp8LCodeGroup group)
    {
        int length = ReadPrefixed(ref reader, lengthPrefix);
        int distance = Vp8LDistances.Of(ReadPrefixed(ref reader, reader.ReadSymbol(group.Distance)), width);
        if (distance > at || length > pixels.Length - at)
            throw reader.Context.Damaged("it copies pixels from outside of the picture");
        if (distance >= length)
        {
            pixels.Slice(at - distance, length).CopyTo(pixels[at..]);
            return length;
        }
        // The copy repeats what it has just written.
        for (int end = at + length; at < end; at++)
            pixels[at] = pixels[at - distance];
        return length;
    }

    // A length or distance: a small one is the prefix itself; for others the prefix gives the two highest bits and how many follow.
    private static int ReadPrefixed(ref Vp8LBitReader reader, int prefix)
    {
        if (prefix < 4)
            return prefix + 1;
        int bits = (prefix - 2) >> 1;
        return ((2 + (prefix & 1)) << bits) + reader.ReadBits(bits) + 1;
    }
}
