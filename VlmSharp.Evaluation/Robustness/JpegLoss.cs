using VlmSharp.Imaging;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>
/// The loss of JPEG (ITU T.81), without a file: colors as luminance and two chrominance differences, blocks of 8 x 8 through the cosine
/// transform, and each coefficient rounded to a multiple of its step. The entropy coding that follows is lossless and left out. Chrominance
/// keeps its full resolution (4:4:4), which most cameras halve.
/// <code>
/// step(u, v) = clamp((K(u, v) s + 50) / 100, 1, 255),   s = 5000 / quality below 50, 200 - 2 quality from there on
/// out        = IDCT(round(DCT(in - 128) / step) step) + 128
/// </code>
/// K are the tables of annex K, and s is the Independent JPEG Group's scaling, which defines "quality 75".
/// </summary>
internal static class JpegLoss
{
    private const int Side = 8;

    private static readonly int[] Brightness =
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103, 99,
    ];

    private static readonly int[] Color =
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ];

    /// <summary>C(u, x) = a(u) cos((2x + 1) u pi / 16); its rows are orthonormal: C C^T = 1. [8, 8]</summary>
    private static readonly double[,] Cosines = MakeCosines();

    /// <summary>Applies the loss of a quality.</summary>
    /// <param name="image">Not changed.</param>
    /// <param name="quality">1 to 100.</param>
    public static RgbImage Apply(RgbImage image, int quality)
    {
        int[] bright = Steps(Brightness, quality), color = Steps(Color, quality);
        var lossy = new RgbImage(image.Width, image.Height);
        Parallel.For(0, (image.Height + Side - 1) / Side, row =>
        {
            var planes = new double[3][,];
            for (int left = 0; left < image.Width; left += Side)
            {
                Read(image, left, row * Side, planes);
                for (int p = 0; p < planes.Length; p++) planes[p] = Round(planes[p], p == 0 ? bright : color);
                Write(lossy, left, row * Side, planes);
            }
        });
        return lossy;
    }

    /// <summary>The step table for a quality.</summary>
    internal static int[] Steps(int[] table, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        return Array.ConvertAll(table, k => Math.Clamp((k * scale + 50) / 100, 1, 255));
    }

    private static double[,] Round(double[,] block, int[] steps)
    {
        double[,] coefficients = Multiply(Multiply(Cosines, block), Cosines, transposed: true); // C b C^T
        for (int u = 0; u < Side; u++)
            for (int v = 0; v < Side; v++)
                coefficients[u, v] = Math.Round(coefficients[u, v] / steps[u * Side + v]) * steps[u * Side + v];
        return Multiply(Multiply(Transpose(Cosines), coefficients), Cosines); // C^T c C
    }

    /// <summary>A block as luminance and two differences, minus 128 (JFIF 1.02); past the edge, the last pixel is repeated.</summary>
    private static void Read(RgbImage image, int left, int top, double[][,] planes)
    {
        for (int p = 0; p < planes.Length; p++) planes[p] = new double[Side, Side];
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
            {
                Span<byte> pixel = image.Row(Math.Min(top + y, image.Height - 1)).Slice(3 * Math.Min(left + x, image.Width - 1), 3);
                double r = pixel[0], g = pixel[1], b = pixel[2];
                planes[0][y, x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
                planes[1][y, x] = -0.168736 * r - 0.331264 * g + 0.5 * b;
                planes[2][y, x] = 0.5 * r - 0.418688 * g - 0.081312 * b;
            }
    }

    private static void Write(RgbImage image, int left, int top, double[][,] planes)
    {
        for (int y = 0; y < Math.Min(Side, image.Height - top); y++)
            for (int x = 0; x < Math.Min(Side, image.Width - left); x++)
            {
                double bright = planes[0][y, x] + 128, blue = planes[1][y, x], red = planes[2][y, x];
                Span<byte> pixel = image.Row(top + y).Slice(3 * (left + x), 3);
                pixel[0] = Degradations.Byte(bright + 1.402 * red);
                pixel[1] = Degradations.Byte(bright - 0.344136 * blue - 0.714136 * red);
                pixel[2] = Degradations.Byte(bright + 1.772 * blue);
            }
    }

    private static double[,] MakeCosines()
    {
        var cosines = new double[Side, Side];
        for (int u = 0; u < Side; u++)
            for (int x = 0; x < Side; x++)
                cosines[u, x] = Math.Sqrt((u == 0 ? 1.0 : 2.0) / Side) * Math.Cos((2 * x + 1) * u * Math.PI / (2 * Side));
        return cosines;
    }

    private static double[,] Multiply(double[,] a, double[,] b, bool transposed = false)
    {
        var product = new double[Side, Side];
        for (int i = 0; i < Side; i++)
            for (int j = 0; j < Side; j++)
                for (int k = 0; k < Side; k++)
                    product[i, j] += a[i, k] * (transposed ? b[j, k] : b[k, j]);
        return product;
    }

    private static double[,] Transpose(double[,] a)
    {
        var turned = new double[Side, Side];
        for (int i = 0; i < Side; i++)
            for (int j = 0; j < Side; j++) turned[i, j] = a[j, i];
        return turned;
    }
}
