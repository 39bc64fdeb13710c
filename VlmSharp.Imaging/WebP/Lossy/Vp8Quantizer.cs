namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The factors of a segment's coefficients (RFC 6386, sections 9.6 and 14.1): first the DC, then the AC.</summary>
internal readonly record struct Vp8Quantizer(int LumaDc, int LumaAc, int SecondDc, int SecondAc, int ChromaDc, int ChromaAc)
{
    private static ReadOnlySpan<byte> DcSteps =>
    [
        4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 17,
        18, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 25, 25, 26, 27, 28,
        29, 30, 31, 32, 33, 34, 35, 36, 37, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58,
        59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74,
        75, 76, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89,
        91, 93, 95, 96, 98, 100, 101, 102, 104, 106, 108, 110, 112, 114, 116, 118,
        122, 124, 126, 128, 130, 132, 134, 136, 138, 140, 143, 145, 148, 151, 154, 157,
    ];

    private static ReadOnlySpan<ushort> AcSteps =>
    [
        4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
        36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
        52, 53, 54, 55, 56, 57, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76,
        78, 80, 82, 84, 86, 88, 90, 92, 94, 96, 98, 100, 102, 104, 106, 108,
        110, 112, 114, 116, 119, 122, 125, 128, 131, 134, 137, 140, 143, 146, 149, 152,
        155, 158, 161, 164, 167, 170, 173, 177, 181, 185, 189, 193, 197, 201, 205, 209,
        213, 217, 221, 225, 229, 234, 239, 245, 249, 254, 259, 264, 269, 274, 279, 284,
    ];

    /// <summary>Reads the frame's quantizer indices and returns the quantizer steps of each segment.</summary>
    public static Vp8Quantizer[] Read(Vp8BoolReader reader, Vp8Segments segments)
    {
        int frameIndex = reader.ReadBits(7);
        int lumaDc = reader.ReadOptionalSigned(4), secondDc = reader.ReadOptionalSigned(4), secondAc = reader.ReadOptionalSigned(4);
        int chromaDc = reader.ReadOptionalSigned(4), chromaAc = reader.ReadOptionalSigned(4);
        var quantizers = new Vp8Quantizer[Vp8Segments.Count];
        for (int i = 0; i < quantizers.Length; i++)
        {
            int index = segments.Quantizer(i, frameIndex);
            quantizers[i] = new Vp8Quantizer(
                Dc(index + lumaDc), Ac(index),
                2 * Dc(index + secondDc), Math.Max(8, Ac(index + secondAc) * 155 / 100),
                Dc(Math.Min(index + chromaDc, 117)), Ac(index + chromaAc));
        }
        return quantizers;
    }

    private static int Dc(int index) => DcSteps[Math.Clamp(index, 0, 127)];

    private static int Ac(int index) => AcSteps[Math.Clamp(index, 0, 127)];
}
