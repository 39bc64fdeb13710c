namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>
/// The samples of one component, in whole macroblocks, with the border that prediction uses outside the picture (RFC 6386, section 12.2):
/// 127 above, 129 to the left.
/// </summary>
internal sealed class Vp8Plane
{
    private const byte Above = 127;
    private const byte Left = 129;

    /// <summary>Creates the plane and its border.</summary>
    public Vp8Plane(int width, int height)
    {
        Stride = width + 1;
        Samples = new byte[Stride * (height + 1)];
        Samples.AsSpan(0, Stride).Fill(Above);
        for (int y = 0; y < height; y++)
            Samples[At(-1, y)] = Left;
    }

    /// <summary>The samples, with the border.</summary>
    public byte[] Samples { get; }

    /// <summary>Bytes from row to row.</summary>
    public int Stride { get; }

    /// <summary>The index of a sample; -1 is the border.</summary>
    public int At(int x, int y) => (y + 1) * Stride + x + 1;

    /// <summary>The first samples of a row.</summary>
    public ReadOnlySpan<byte> Row(int y, int width) => Samples.AsSpan(At(0, y), width);
}
