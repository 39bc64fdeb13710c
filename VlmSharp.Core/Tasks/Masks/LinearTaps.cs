namespace VlmSharp.Tasks.Masks;

/// <summary>
/// For one axis of a bilinear resize, the input samples and weights of each output sample: a triangle around the output's center, where the
/// first center is half a sample from the edge. With antialiasing the triangle is widened when shrinking.
/// </summary>
internal sealed class LinearTaps
{
    private readonly int[] first;
    private readonly float[][] weights;

    /// <summary>Computes the weights of an axis.</summary>
    /// <param name="input">Number of input samples.</param>
    /// <param name="output">Number of output samples.</param>
    /// <param name="antialias">Whether all input samples count when shrinking.</param>
    public LinearTaps(int input, int output, bool antialias)
    {
        double scale = (double)input / output, support = antialias ? Math.Max(scale, 1) : 1;
        first = new int[output];
        weights = new float[output][];
        for (int i = 0; i < output; i++)
        {
            double center = (i + 0.5) * scale - 0.5; // in input samples
            int from = Math.Clamp((int)Math.Floor(center - support) + 1, 0, input - 1);
            int to = Math.Clamp((int)Math.Ceiling(center + support) - 1, 0, input - 1);
            double[] exact = [.. Enumerable.Range(from, to - from + 1).Select(j => Math.Max(0, 1 - Math.Abs(j - center) / support))];
            double sum = exact.Sum();
            first[i] = from;
            weights[i] = [.. exact.Select(w => (float)(w / sum))];
        }
    }

    /// <summary>Computes an output sample.</summary>
    /// <param name="samples">The samples of the axis, as many as the weights were computed for.</param>
    /// <param name="i">The index of the output sample.</param>
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
    /// <summary>Resizes a plane.</summary>
    /// <param name="plane">[height, width].</param>
    /// <param name="width">Number of input columns.</param>
    /// <param name="height">Number of input rows.</param>
    /// <param name="newWidth">Number of output columns.</param>
    /// <param name="newHeight">Number of output rows.</param>
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
