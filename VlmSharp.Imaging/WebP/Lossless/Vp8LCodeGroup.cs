namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>The five prefix codes of a region of a lossless picture (WebP lossless specification, section 6.2).</summary>
/// <param name="Green">Green values, then copy lengths, then indices of the color cache.</param>
/// <param name="Red">Red values.</param>
/// <param name="Blue">Blue values.</param>
/// <param name="Alpha">Alpha values.</param>
/// <param name="Distance">Copy distances.</param>
internal sealed record Vp8LCodeGroup(
    Vp8LPrefixCode Green, Vp8LPrefixCode Red, Vp8LPrefixCode Blue, Vp8LPrefixCode Alpha, Vp8LPrefixCode Distance)
{
    /// <summary>Values of a channel.</summary>
    public const int Literals = 256;

    /// <summary>Prefixes of copy lengths.</summary>
    public const int LengthPrefixes = 24;

    /// <summary>Prefixes of copy distances.</summary>
    public const int DistancePrefixes = 40;

    /// <summary>The most bits of a color cache index.</summary>
    public const int MaxCacheBits = 11;

    /// <summary>The largest number of symbols in an alphabet.</summary>
    public const int MaxAlphabet = Literals + LengthPrefixes + (1 << MaxCacheBits);

    /// <summary>The size of the code tables in bytes.</summary>
    public int TableBytes => Green.TableBytes + Red.TableBytes + Blue.TableBytes + Alpha.TableBytes + Distance.TableBytes;

    /// <summary>Reads the five codes.</summary>
    /// <param name="reader">The stream, at the first code; afterwards after the last one.</param>
    /// <param name="codes">The reader of each code.</param>
    /// <param name="cacheSize">Colors in the cache; 0 without one.</param>
    public static Vp8LCodeGroup Read(ref Vp8LBitReader reader, Vp8LPrefixCodeReader codes, int cacheSize)
    {
        Vp8LPrefixCode green = codes.Read(ref reader, Literals + LengthPrefixes + cacheSize);
        Vp8LPrefixCode red = codes.Read(ref reader, Literals);
        Vp8LPrefixCode blue = codes.Read(ref reader, Literals);
        Vp8LPrefixCode alpha = codes.Read(ref reader, Literals);
        return new Vp8LCodeGroup(green, red, blue, alpha, codes.Read(ref reader, DistancePrefixes));
    }
}
