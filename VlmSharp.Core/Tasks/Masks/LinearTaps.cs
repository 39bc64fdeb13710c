namespace VlmSharp.Tasks.Masks;

/// <summary>
/// For one axis of a bilinear resize, which input samples make each output sample, and with what weights: a triangle around the
/// output's center, centers being half a sample from the edges. With antialiasing it is widened when shrinking.
/// </summary>
internal sealed class LinearTaps
{
    private readonly int[] first;
    private readonly float[][] weights;

    /// <summary>Computes the weights of an axis.</summary>
    /// <param name="input">Samples there are.</param>
    /// <param name="output">Samples wanted.</param>
    /// <param name="antialias">Whether all input samples count when shrinking.</param>
    public LinearTaps(int input, int output, bool antialias)
    {
        double scale = (double)input / output, support = antialias ? Math.Max(scale, 1) : 1;
        first = new int[output];
        weights = new float[output][];
        for (int i = 0; i < output; i++)
        {
            double center = (i + 0.5) * scale - 0.5; // in samples
            int from = Math.Clamp((int)Math.Floor(center - support) + 1, 0, input - 1), to = Math.Clamp((int)Math.Ceiling(center + support) - 1, 0, input - 1);
            double[] exact = [.. Enumerable.Range(from, to - from + 1).Select(j => Math.Max(0, 1 - Math.Abs(j - center) / support))];
            double sum = exact.Sum();
            first[i] = from;
            weights[i] = [.. exact.Select(w => (float)(w / sum))];
        }
    }

    /// <summary>An output sample.</summary>
    /// <param name="samples">The input.</param>
    /// <param name="i">Which.</param>
    public float At(ReadOnlySpan<float> samples, int i)
    {
        float sum = 0;
        float[] own = weights[i];
        for (int j = 0; j < own.Length; j++) sum += own[j] * samples[first[i] + j];
        return sum;
    }
}

/// <summary>Bilinear resize of one plane of numbers.</summary>
internal static class PlaneResize
{
    /// <summary>Resizes.</summary>
    /// <param name="plane">[height, width].</param>
    /// <param name="width">Columns there are.</param>
    /// <param name="height">Rows there are.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <param name="antialias">As in <see cref="LinearTaps"/>.</param>
    /// <returns>[newHeight, newWidth].</returns>
    public static float[] Bilinear(ReadOnlySpan<float> plane, int width, int height, int newWidth, int newHeight, bool antialias)
    {
        LinearTaps columns = new(width, newWidth, antialias), rows = new(height, newHeight, antialias);
        var column = new float[height];
        var result = new float[newHeight * newWidth];
        for (int x = 0; x < newWidth; x++)
        {
            for (int y = 0; y < height; y++) column[y] = columns.At(plane.Slice(y * width, width), x);
            for (int y = 0; y < newHeight; y++) result[y * newWidth + x] = rows.At(column, y);
        }

        return result;
    }
}
