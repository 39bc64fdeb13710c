namespace VlmSharp.Imaging.WebP.Lossless;

/// <summary>
/// Which group of prefix codes applies where (WebP lossless specification, section 6.2.2): one for the whole picture, or one for each
/// square region, given by an image of group numbers.
/// </summary>
internal sealed class Vp8LRegions
{
    // A picture of n pixels may have code tables of 32 MiB + 8 n bytes. That is several times what encoders make, with at most a few
    // thousand groups, and little enough that a small hostile file cannot take much memory.
    private const long FreeTableBytes = 32 << 20;
    private const int TableBytesPerPixel = 8;

    private readonly Vp8LCodeGroup?[] groups;
    private readonly ushort[] groupOf = [];
    private readonly int across;
    private readonly int bits;
    private readonly int mask;

    /// <summary>One group for all pixels.</summary>
    public Vp8LRegions(Vp8LCodeGroup group)
    {
        groups = [group];
        mask = -1;
    }

    private Vp8LRegions(Vp8LCodeGroup?[] groups, ushort[] groupOf, int across, int bits)
    {
        (this.groups, this.groupOf, this.across, this.bits) = (groups, groupOf, across, bits);
        mask = (1 << bits) - 1;
    }

    /// <summary>Reads the image of group numbers, if there is one, and all groups.</summary>
    public static Vp8LRegions Read(ref Vp8LBitReader reader, int width, int height, int cacheSize)
    {
        var codes = new Vp8LPrefixCodeReader();
        if (!reader.ReadBit())
            return new Vp8LRegions(Vp8LCodeGroup.Read(ref reader, codes, cacheSize));
        int bits = reader.ReadBits(3) + 2;
        int across = Vp8LTransform.Tiles(width, bits), down = Vp8LTransform.Tiles(height, bits);
        uint[] image = Vp8LImageStream.ReadAuxiliary(ref reader, across, down);
        // The number is in the red and green bytes.
        ushort[] groupOf = Array.ConvertAll(image, pixel => (ushort)(pixel >> 8));
        var used = new bool[groupOf.Max() + 1];
        foreach (ushort group in groupOf)
            used[group] = true;
        var groups = new Vp8LCodeGroup?[used.Length];
        long tableBytes = 0, limit = FreeTableBytes + (long)width * height * TableBytesPerPixel;
        for (int i = 0; i < groups.Length; i++)
        {
            // A group that no region uses must still be read, and is dropped.
            Vp8LCodeGroup group = Vp8LCodeGroup.Read(ref reader, codes, cacheSize);
            if (!used[i])
                continue;
            groups[i] = group;
            tableBytes += group.TableBytes;
            if (tableBytes > limit)
                throw reader.Context.Unsupported("more prefix codes than a picture of its size can use");
        }
        return new Vp8LRegions(groups, groupOf, across, bits);
    }

    /// <summary>Whether a region begins in this column.</summary>
    public bool BeginsAt(int x) => (x & mask) == 0;

    /// <summary>The group of the region around this pixel.</summary>
    public Vp8LCodeGroup At(int x, int y) => groups[groupOf.Length == 0 ? 0 : groupOf[(y >> bits) * across + (x >> bits)]]!;
}
