using System.Numerics;
using System.Runtime.InteropServices;

namespace VlmSharp.Imaging;

/// <summary>
/// Pillow's bicubic resize for 8-bit pictures, bit for bit: Keys' cubic with a = -0.5, widened when shrinking (which also prevents
/// aliasing), weights in 22-bit fixed point, one axis after the other, rounded to bytes in between. The aspect ratio is not kept.
/// <see cref="RowResizer"/> runs the passes.
/// </summary>
internal static class BicubicResize
{
    /// <summary>Bytes of a pixel.</summary>
    public const int Channels = 3;

    private const int PrecisionBits = 22;
    private const double Support = 2.0;

    /// <summary>The start value of each sum, so that the later shift rounds to the nearest.</summary>
    public const int Half = 1 << (PrecisionBits - 1);

    /// <summary>Resizes a picture.</summary>
    /// <param name="image">Of any size; not changed.</param>
    /// <param name="width">Columns of the result.</param>
    /// <param name="height">Rows of the result.</param>
    /// <returns>A new picture, also when the size is the same.</returns>
    public static RgbImage Resize(RgbImage image, int width, int height)
    {
        RgbImage.ByteCount(width, height); // refuses a size that cannot be
        var resizer = new RowResizer(width, height);
        resizer.Begin(image.Width, image.Height, 1);
        for (int y = 0; y < image.Height; y++)
            resizer.Take(image.Row(y));
        return resizer.Finish();
    }

    /// <summary>
    /// The order of the passes, which affects the last bit. As in Pillow 13, rows come first if the height shrinks, and shrinks more than
    /// the width (for square results: in portrait pictures).
    /// </summary>
    /// <param name="fromWidth">Columns of the source.</param>
    /// <param name="fromHeight">Rows of the source.</param>
    /// <param name="width">Columns of the result.</param>
    /// <param name="height">Rows of the result.</param>
    public static bool RowsFirst(int fromWidth, int fromHeight, int width, int height) =>
        height < fromHeight && (long)fromHeight * width > (long)fromWidth * height;

    /// <summary>The pass along a row.</summary>
    /// <param name="source">[columns, 3] bytes.</param>
    /// <param name="taps">From the source's columns to the target's.</param>
    /// <param name="target">Receives [columns, 3] bytes.</param>
    public static void AcrossRow(ReadOnlySpan<byte> source, Taps taps, Span<byte> target)
    {
        for (int x = 0; x < target.Length / Channels; x++)
        {
            ReadOnlySpan<int> weights = taps.Weights(x);
            ReadOnlySpan<byte> from = source.Slice(taps.First(x) * Channels, weights.Length * Channels);
            int red = Half, green = red, blue = red;
            for (int i = 0, at = 0; i < weights.Length && at + 2 < from.Length; i++, at += Channels)
            {
                int weight = weights[i];
                red += from[at] * weight;
                green += from[at + 1] * weight;
                blue += from[at + 2] * weight;
            }
            target[x * Channels] = Round(red);
            target[x * Channels + 1] = Round(green);
            target[x * Channels + 2] = Round(blue);
        }
    }

    /// <summary>A part of the pass down the columns: adds a row times its weight to the sums.</summary>
    public static void Accumulate(ReadOnlySpan<byte> row, int weight, Span<int> sums)
    {
        int lanes = Vector<byte>.Count, quarter = Vector<int>.Count, x = 0;
        var factor = new Vector<int>(weight);
        for (; x + lanes <= row.Length; x += lanes)
        {
            Vector.Widen(new Vector<byte>(row[x..]), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
            Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
            Span<Vector<int>> sum = MemoryMarshal.Cast<int, Vector<int>>(sums.Slice(x, 4 * quarter));
            sum[0] += Vector.AsVectorInt32(a) * factor;
            sum[1] += Vector.AsVectorInt32(b) * factor;
            sum[2] += Vector.AsVectorInt32(c) * factor;
            sum[3] += Vector.AsVectorInt32(d) * factor;
        }
        for (; x < row.Length; x++)
            sums[x] += row[x] * weight;
    }

    /// <summary>Converts a sum that started at <see cref="Half"/> to a byte.</summary>
    public static byte Round(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    /// <summary>For one axis: which input samples make each output sample, and with what weights.</summary>
    internal sealed class Taps
    {
        private readonly int[] first;
        private readonly int[] count;
        private readonly int[] weights;

        /// <summary>Computes the weights of an axis.</summary>
        /// <param name="input">Number of input samples.</param>
        /// <param name="output">Number of output samples.</param>
        public Taps(int input, int output)
        {
            double scale = (double)input / output;
            double filterScale = Math.Max(scale, 1.0);
            double support = Support * filterScale;
            double inverse = 1.0 / filterScale;
            MaxCount = (int)Math.Ceiling(support) * 2 + 1;
            first = new int[output];
            count = new int[output];
            weights = new int[checked(output * MaxCount)];
            var exact = new double[MaxCount];
            for (int i = 0; i < output; i++)
            {
                double center = (i + 0.5) * scale;
                first[i] = Math.Max((int)(center - support + 0.5), 0);
                count[i] = Math.Min((int)(center + support + 0.5), input) - first[i];
                double sum = 0;
                for (int j = 0; j < count[i]; j++)
                {
                    exact[j] = Cubic((j + first[i] - center + 0.5) * inverse);
                    sum += exact[j];
                }
                for (int j = 0; j < count[i]; j++)
                {
                    double weight = (sum == 0 ? exact[j] : exact[j] / sum) * (1 << PrecisionBits);
                    weights[i * MaxCount + j] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
                }
            }
        }

        /// <summary>The most taps that an output sample can have.</summary>
        public int MaxCount { get; }

        /// <summary>The first input sample of an output sample.</summary>
        public int First(int i) => first[i];

        /// <summary>The weights of an output sample, in units of 2^-22.</summary>
        public ReadOnlySpan<int> Weights(int i) => weights.AsSpan(i * MaxCount, count[i]);

        // R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5.
        private static double Cubic(double x)
        {
            const double A = -0.5;
            x = Math.Abs(x);
            if (x < 1.0)
                return ((A + 2.0) * x - (A + 3.0)) * x * x + 1;
            return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * A : 0.0;
        }
    }
}
