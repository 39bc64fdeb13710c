namespace VlmSharp.Imaging.WebP.Lossy;

/// <summary>The prediction of whole macroblocks, 16 x 16 of luma or 8 x 8 of chroma (RFC 6386, sections 12.2 and 12.3).</summary>
internal static class Vp8BlockPrediction
{
    /// <summary>Writes the prediction of a block.</summary>
    /// <param name="plane">The plane to write to.</param>
    /// <param name="column">The macroblock's column.</param>
    /// <param name="row">The macroblock's row.</param>
    /// <param name="size">16 or 8 samples each way.</param>
    /// <param name="mode">One of the first four modes.</param>
    public static void Predict(Vp8Plane plane, int column, int row, int size, Vp8PredictionMode mode)
    {
        int at = plane.At(column * size, row * size), stride = plane.Stride;
        byte[] samples = plane.Samples;
        ReadOnlySpan<byte> above = samples.AsSpan(at - stride, size);
        int corner = samples[at - stride - 1];
        byte mean = mode == Vp8PredictionMode.Dc ? Mean(plane, at, size, row > 0, column > 0) : (byte)0;
        for (int y = 0; y < size; y++, at += stride)
        {
            Span<byte> to = samples.AsSpan(at, size);
            switch (mode)
            {
                case Vp8PredictionMode.Dc:
                    to.Fill(mean);
                    break;
                case Vp8PredictionMode.Vertical:
                    above.CopyTo(to);
                    break;
                case Vp8PredictionMode.Horizontal:
                    to.Fill(samples[at - 1]);
                    break;
                default:
                    TrueMotion(to, above, samples[at - 1] - corner);
                    break;
            }
        }
    }

    /// <summary>The row above plus the difference between the left neighbor and the corner.</summary>
    public static void TrueMotion(Span<byte> row, ReadOnlySpan<byte> above, int difference)
    {
        for (int x = 0; x < row.Length; x++)
            row[x] = (byte)Math.Clamp(above[x] + difference, 0, 255);
    }

    // The mean of the neighbors inside the picture; 128 if there are none.
    private static byte Mean(Vp8Plane plane, int at, int size, bool hasAbove, bool hasLeft)
    {
        int sum = 0, count = 0;
        for (int i = 0; i < size; i++)
        {
            sum += hasAbove ? plane.Samples[at - plane.Stride + i] : 0;
            sum += hasLeft ? plane.Samples[at + i * plane.Stride - 1] : 0;
        }
        count += (hasAbove ? size : 0) + (hasLeft ? size : 0);
        return count == 0 ? (byte)128 : (byte)((sum + count / 2) / count);
    }
}
