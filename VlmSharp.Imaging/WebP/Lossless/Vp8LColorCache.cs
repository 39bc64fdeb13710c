namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>Recent colors, indexed by a hash of the color itself (WebP lossless specification, section 5.2.3).</summary>
/// <param name="bits">1 to 11: the cache has 2^bits entries.</param>
internal sealed class Vp8LColorCache(int bits)
{
    private const uint Multiplier = 0x1E35A7BD;

    private readonly uint[] colors = new uint[1 << bits];

    /// <summary>The color at an index.</summary>
    public uint this[int place] => colors[place];

    /// <summary>Adds colors; a later one replaces an earlier one with the same index.</summary>
    public void Add(ReadOnlySpan<uint> pixels)
    {
        foreach (uint pixel in pixels)
            colors[(int)((pixel * Multiplier) >> (32 - bits))] = pixel;
    }
}
