using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// Rotary position embedding (Su et al. 2021). At position m the pair (x[j], x[j + D/2]) turns by the angle m * theta_j:
/// <code>
/// theta_j    = base^(-2j / D)
/// y[j]       = x[j]       cos(m theta_j) - x[j + D/2] sin(m theta_j)
/// y[j + D/2] = x[j + D/2] cos(m theta_j) + x[j]       sin(m theta_j)
/// </code>
/// so that q.k depends on the distance of their positions only.
/// </summary>
internal static class Rope
{
    public static void Angles(SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y)
    {
        int half = y.Columns / 2;
        foreach (SequenceSlice slice in batch.Slices)
            for (int i = 0; i < slice.RowCount; i++)
            {
                Span<float> row = y.Row(slice.RowStart + i); // [D]: cos, then sin
                int position = positionBase + slice.Past + i;
                for (int j = 0; j < half; j++)
                {
                    // theta and the angle are fp32 in the models' own code: more exact ones would turn differently.
                    float theta = (float)Math.Pow(frequencyBase, -2.0 * j / y.Columns);
                    float angle = position * theta;
                    row[j] = (float)Math.Cos(angle);
                    row[half + j] = (float)Math.Sin(angle);
                }
            }
    }

    public static void Execute(HostMatrix x, HostMatrix angles, HostMatrix y)
    {
        int headDim = angles.Columns, half = headDim / 2;
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> cos = angles.Row(t)[..half], sin = angles.Row(t)[half..];
            for (int head = 0; head < x.Columns; head += headDim)
            {
                ReadOnlySpan<float> from = x.Row(t).Slice(head, headDim);
                Span<float> to = y.Row(t).Slice(head, headDim);
                for (int j = 0; j < half; j++)
                {
                    to[j] = from[j] * cos[j] - from[j + half] * sin[j];
                    to[j + half] = from[j + half] * cos[j] + from[j] * sin[j];
                }
            }
        }
    }
}
