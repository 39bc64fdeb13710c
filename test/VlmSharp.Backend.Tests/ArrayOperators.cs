using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Backend.Tests;

/// <summary>The operators in plain loops, summed in double precision. Their types state their equations.</summary>
internal sealed partial class ArrayOperators
{
    private TokenSampler? sampler;

    public void Run(in Linear op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
            for (int o = 0; o < y.Columns; o++)
            {
                double sum = Dot(op.X.Rows()[t], op.Weight.Array().Row(o)) + (op.Bias?.Array().Row(0)[o] ?? 0);
                if (op.Activation == Activation.GeluTanh) sum = GeluTanh(sum);
                y[t][o] = (float)(sum + (op.Residual.HasValue ? op.Residual.Rows()[t][o] : 0));
            }
    }

    public void Run(in LinearRows op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
            for (int i = 0; i < y.Columns; i++) y[t][i] = (float)Dot(op.X.Rows()[t], op.Weight.Array().Row(op.Rows.Array()[i]));
    }

    public void Run(in GatedLinear op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
            for (int o = 0; o < y.Columns; o++)
                y[t][o] = (float)(GeluTanh(Dot(op.X.Rows()[t], op.Gate.Array().Row(o))) * Dot(op.X.Rows()[t], op.Up.Array().Row(o)));
    }

    public void Run(in Embed op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
        {
            int entry = op.Ids.Array()[t], id = entry >= 0 ? entry : new ChosenToken(op.Choice.Rows()[-1 - entry]).Id;
            for (int f = 0; f < y.Columns; f++) y[t][f] = op.Scale * op.Table.Array().Row(id)[f];
        }
    }

    public void Run(in LayerNorm op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> x = op.X.Rows()[t];
            (double mean, double root) = Moments(x, op.Epsilon);
            for (int f = 0; f < x.Length; f++)
                y[t][f] = (float)((x[f] - mean) / root * op.Weight.Array().Row(0)[f] + op.Bias.Array().Row(0)[f]);
        }
    }

    public void Run(in RmsNorm op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> x = op.X.Rows()[t];
            double root = RootMeanSquare(x, op.Epsilon);
            for (int f = 0; f < x.Length; f++)
                y[t][f] = (float)(x[f] / root * (1 + op.Weight.Array().Row(0)[f]) + (op.Residual.HasValue ? op.Residual.Rows()[t][f] : 0));
        }
    }

    public void Run(in SoftCap op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
            for (int f = 0; f < y.Columns; f++) y[t][f] = (float)(op.Cap * Math.Tanh((double)op.X.Rows()[t][f] / op.Cap));
    }

    public void Run(in LogSoftmax op, Rows y)
    {
        for (int t = 0; t < y.Count; t++) LogSoftmaxRow(op.X.Rows()[t], y[t]);
    }

    /// <summary>Draws use the host's code: a backend in host memory need not implement them again.</summary>
    public void Run(in Choose op, Rows y)
    {
        Rows logits = op.Logits.Rows();
        if (sampler?.Vocabulary != logits.Columns) sampler = new TokenSampler(logits.Columns);
        float[] logProbabilities = new float[logits.Columns];
        for (int i = 0; i < y.Count; i++)
        {
            LogSoftmaxRow(logits[i], logProbabilities);
            sampler.Choose(logits[i], logProbabilities, op.Rules[i], op.NumberOf(i), y[i]);
        }
    }

    public void Run(in JoinRows op, Rows y)
    {
        int row = 0;
        foreach (Matrix part in op.Parts)
            for (int i = 0; i < part.Rows; i++) part.Rows()[i].CopyTo(y[row++]);
    }

    public void Run(in SelectRows op, Rows y)
    {
        for (int i = 0; i < y.Count; i++) op.X.Rows()[op.Rows.Array()[i]].CopyTo(y[i]);
    }

    public void Run(in ReplaceRows op, Rows y)
    {
        for (int t = 0; t < y.Count; t++) op.X.Rows()[t].CopyTo(y[t]);
        for (int i = 0; i < op.Rows.Rows; i++) op.Rows.Rows()[i].CopyTo(y[op.Targets.Array()[i]]);
    }

    public void Run(in PatchEmbed op, Rows y)
    {
        for (int row = 0; row < y.Count; row++)
        {
            int place = row % op.Positions.Rows;
            float[] flat = Flatten(op.Pixels.Rows()[row / op.Positions.Rows], op.Side, op.Patch, place);
            for (int o = 0; o < y.Columns; o++)
                y[row][o] = (float)(Dot(flat, op.Kernel.Array().Row(o)) + op.Bias.Array().Row(0)[o] + op.Positions.Array().Row(place)[o]);
        }
    }

    /// <summary>One patch as (channel, y, x).</summary>
    private static float[] Flatten(ReadOnlySpan<float> planes, int side, int patch, int place)
    {
        int perSide = side / patch, top = place / perSide * patch, left = place % perSide * patch;
        float[] flat = new float[3 * patch * patch];
        for (int i = 0; i < 3 * patch; i++) // row i % patch of channel i / patch
            planes.Slice((i / patch * side + top + i % patch) * side + left, patch).CopyTo(flat.AsSpan(i * patch));
        return flat;
    }

    /// <summary>mean(x) and sqrt(var(x) + eps).</summary>
    private static (double Mean, double Root) Moments(ReadOnlySpan<float> x, float epsilon)
    {
        double mean = 0, variance = 0;
        foreach (float value in x) mean += value / (double)x.Length;
        foreach (float value in x) variance += (value - mean) * (value - mean) / x.Length;
        return (mean, Math.Sqrt(variance + epsilon));
    }

    /// <summary>sqrt(mean(x^2) + eps).</summary>
    private static double RootMeanSquare(ReadOnlySpan<float> x, float epsilon) => Math.Sqrt(Dot(x, x) / x.Length + epsilon);

    private static void LogSoftmaxRow(ReadOnlySpan<float> x, Span<float> y)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float value in x) largest = Math.Max(largest, value);
        foreach (float value in x) sum += Math.Exp(value - largest);
        for (int f = 0; f < x.Length; f++) y[f] = (float)(x[f] - largest - Math.Log(sum));
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    private static double GeluTanh(double x) => x / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}
