using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>Soft-cap (Gemma 2, section 2): y = cap * tanh(x / cap), a smooth clip to (-cap, cap).</summary>
internal static class SoftCap
{
    public static void Execute(HostMatrix x, float cap, HostMatrix y)
    {
        for (int t = 0; t < x.Rows; t++)
            for (int f = 0; f < x.Columns; f++)
                y.Row(t)[f] = (float)(cap * Math.Tanh((double)x.Row(t)[f] / cap));
    }
}

/// <summary>Log-softmax: y = x - max(x) - log(sum(exp(x - max(x)))), each row by itself; subtracting the maximum keeps exp from overflowing.</summary>
internal static class LogSoftmax
{
    public static void Execute(HostMatrix x, HostMatrix y)
    {
        for (int t = 0; t < x.Rows; t++)
        {
            ReadOnlySpan<float> row = x.Row(t);
            double largest = double.NegativeInfinity, sum = 0;
            foreach (float value in row) largest = Math.Max(largest, value);
            foreach (float value in row) sum += Math.Exp(value - largest);
            double shift = largest + Math.Log(sum);
            for (int f = 0; f < row.Length; f++) y.Row(t)[f] = (float)(row[f] - shift);
        }
    }
}

/// <summary>The first place of the largest value; NaN never wins.</summary>
internal static class ArgMax
{
    public static (int Index, float Value) Execute(ReadOnlySpan<float> row)
    {
        (int Index, float Value) best = (0, float.NegativeInfinity);
        for (int i = 0; i < row.Length; i++)
            if (row[i] > best.Value) best = (i, row[i]);
        return best;
    }
}
