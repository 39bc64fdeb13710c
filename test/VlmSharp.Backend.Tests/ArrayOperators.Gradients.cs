using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Backend.Tests;

/// <summary>The operators of training: separate parts of other operators, gradients, and the loss.</summary>
internal sealed partial class ArrayOperators
{
    public void Run(in Add op, Rows y)
    {
        Rows a = op.A.Rows(), b = op.B.Rows();
        Fill(y, (t, f) => a[t][f] + b[t][f]);
    }

    public void Run(in Scale op, Rows y)
    {
        (Rows x, float factor) = (op.X.Rows(), op.Factor);
        Fill(y, (t, f) => (double)factor * x[t][f]);
    }

    public void Run(in Dropout op, Rows y)
    {
        (Rows x, double rate, long key, uint threshold) = (op.X.Rows(), op.Rate, op.Key, op.Threshold);
        Fill(y, (t, f) => CounterRandom.Word(key, (long)t * x.Columns + f) >= threshold ? x[t][f] / (1 - rate) : 0);
    }

    public void Run(in Gelu op, Rows y)
    {
        Rows x = op.X.Rows();
        Fill(y, (t, f) => GeluTanh(x[t][f]));
    }

    public void Run(in GatedGelu op, Rows y)
    {
        Rows gate = op.Gate.Rows(), up = op.Up.Rows();
        Fill(y, (t, f) => GeluTanh(gate[t][f]) * up[t][f]);
    }

    public void Run(in GeluGradient op, Rows y)
    {
        (Rows dy, Rows x, Matrix factor) = (op.Gradient.Rows(), op.X.Rows(), op.Factor);
        Fill(y, (t, f) => dy[t][f] * Slope(x[t][f]) * (factor.HasValue ? factor.Rows()[t][f] : 1));

        static double Slope(double x)
        {
            double root = Math.Sqrt(2 / Math.PI), tanh = Math.Tanh(root * (x + 0.044715 * x * x * x));
            return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * root * (1 + 0.134145 * x * x);
        }
    }

    public void Run(in SoftCapGradient op, Rows y)
    {
        (Rows dy, Rows capped, double cap) = (op.Gradient.Rows(), op.Y.Rows(), op.Cap);
        Fill(y, (t, f) => dy[t][f] * (1 - Math.Pow(capped[t][f] / cap, 2)));
    }

    public void Run(in LinearInputGradient op, Rows y)
    {
        (Rows dy, ArrayWeight w) = (op.Gradient.Rows(), op.Weight.Array());
        Fill(y, (t, i) => Sum(w.Rows, o => (double)dy[t][o] * w.Row(o)[i]));
    }

    public void Run(in LinearWeightGradient op, Rows y)
    {
        (Rows dy, Rows x, Matrix sum) = (op.Gradient.Rows(), op.X.Rows(), op.Sum);
        Fill(y, (o, i) => Sum(x.Count, t => (double)dy[t][o] * x[t][i]) + Before(sum, o, i));
    }

    public void Run(in SumRows op, Rows y)
    {
        (Rows x, int period, Matrix sum) = (op.X.Rows(), op.Period, op.Sum);
        Fill(y, (p, f) => Sum(x.Count / period, r => x[r * period + p][f]) + Before(sum, p, f));
    }

    public void Run(in AddRows op, Rows y)
    {
        (Rows x, int[] indices, double factor, Matrix sum) = (op.X.Rows(), op.Indices.Array(), op.Factor, op.Sum);
        Fill(y, (row, f) => factor * Sum(x.Count, i => indices[i] == row ? x[i][f] : 0) + Before(sum, row, f));
    }

    public void Run(in PatchKernelGradient op, Rows y)
    {
        (Rows dy, Matrix sum) = (op.Gradient.Rows(), op.Sum);
        int patches = dy.Count / op.Pixels.Rows;
        float[][] flat = new float[dy.Count][]; // (channel, y, x) of each patch
        for (int row = 0; row < dy.Count; row++)
            flat[row] = Flatten(op.Pixels.Rows()[row / patches], op.Side, op.Patch, row % patches);
        Fill(y, (o, i) => Sum(dy.Count, row => (double)dy[row][o] * flat[row][i]) + Before(sum, o, i));
    }

    public void Run(in RmsNormInputGradient op, Rows y)
    {
        Span<float> weight = op.Weight.Array().Row(0);
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> x = op.X.Rows()[t], dy = op.Gradient.Rows()[t];
            double root = RootMeanSquare(x, op.Epsilon), along = 0; // along = r^2 mean(g * x)
            for (int f = 0; f < x.Length; f++) along += (1.0 + weight[f]) * dy[f] * x[f] / x.Length / (root * root);
            for (int f = 0; f < x.Length; f++) y[t][f] = (float)(((1.0 + weight[f]) * dy[f] - x[f] * along) / root);
        }
    }

    public void Run(in RmsNormGainGradient op, Rows y)
    {
        (Rows dy, Rows x, float epsilon, Matrix sum) = (op.Gradient.Rows(), op.X.Rows(), op.Epsilon, op.Sum);
        Fill(y, (_, f) => Sum(x.Count, t => dy[t][f] * x[t][f] / RootMeanSquare(x[t], epsilon)) + Before(sum, 0, f));
    }

    public void Run(in LayerNormInputGradient op, Rows y)
    {
        Span<float> weight = op.Weight.Array().Row(0);
        for (int t = 0; t < y.Count; t++)
        {
            Span<float> x = op.X.Rows()[t], dy = op.Gradient.Rows()[t];
            (double mean, double root) = Moments(x, op.Epsilon);
            double shift = 0, stretch = 0; // mean(g) and mean(g * n)
            for (int f = 0; f < x.Length; f++)
            {
                double g = (double)dy[f] * weight[f] / x.Length;
                shift += g;
                stretch += g * (x[f] - mean) / root;
            }

            for (int f = 0; f < x.Length; f++)
                y[t][f] = (float)(((double)dy[f] * weight[f] - shift - (x[f] - mean) / root * stretch) / root);
        }
    }

    public void Run(in LayerNormGainGradient op, Rows y)
    {
        (Rows dy, Rows x, float epsilon, Matrix sum) = (op.Gradient.Rows(), op.X.Rows(), op.Epsilon, op.Sum);
        Fill(y, (_, f) => Sum(x.Count, t =>
        {
            (double mean, double root) = Moments(x[t], epsilon);
            return dy[t][f] * (x[t][f] - mean) / root;
        }) + Before(sum, 0, f));
    }

    public void Run(in CrossEntropy op, Rows y)
    {
        for (int t = 0; t < y.Count; t++)
        {
            double[] z = Scores(op, t); // [V]
            double largest = z.Max(), l = largest + Math.Log(z.Sum(value => Math.Exp(value - largest)));
            y[t][0] = (float)(l - (1.0 - op.Smoothing) * z[op.Targets.Array()[t]] - op.Smoothing * z.Average());
            y[t][1] = (float)l;
        }
    }

    public void Run(in CrossEntropyInputGradient op, Rows y)
    {
        (double[][] dz, ArrayWeight w) = (ScoreGradients(op.Loss, op.Gradient.Rows(), op.Y.Rows()), op.Loss.Weight.Array());
        Fill(y, (t, i) => Sum(w.Rows, v => dz[t][v] * w.Row(v)[i]));
    }

    public void Run(in CrossEntropyWeightGradient op, Rows y)
    {
        (double[][] dz, Rows x, Matrix sum) = (ScoreGradients(op.Loss, op.Gradient.Rows(), op.Y.Rows()), op.Loss.X.Rows(), op.Sum);
        Fill(y, (v, i) => Sum(x.Count, t => dz[t][v] * x[t][i]) + Before(sum, v, i));
    }

    /// <summary>The z of one row, [V].</summary>
    private static double[] Scores(in CrossEntropy op, int row)
    {
        double[] z = new double[op.Weight.Rows];
        for (int v = 0; v < z.Length; v++)
        {
            z[v] = Dot(op.X.Rows()[row], op.Weight.Array().Row(v));
            if (op.Cap > 0) z[v] = op.Cap * Math.Tanh(z[v] / op.Cap);
        }

        return z;
    }

    /// <summary>The dz of all rows, [n, V].</summary>
    private static double[][] ScoreGradients(in CrossEntropy loss, Rows dLoss, Rows y)
    {
        double[][] dz = new double[y.Count][];
        for (int t = 0; t < dz.Length; t++)
        {
            dz[t] = Scores(loss, t);
            for (int v = 0; v < dz[t].Length; v++)
            {
                double z = dz[t][v], hit = v == loss.Targets.Array()[t] ? 1.0 - loss.Smoothing : 0;
                dz[t][v] = dLoss[t][0] * (Math.Exp(z - y[t][1]) - hit - (double)loss.Smoothing / loss.Weight.Rows);
                if (loss.Cap > 0) dz[t][v] *= 1 - Math.Pow(z / loss.Cap, 2);
            }
        }

        return dz;
    }

    /// <summary>y[row, column] = value(row, column).</summary>
    private static void Fill(Rows y, Func<int, int, double> value)
    {
        for (int row = 0; row < y.Count; row++)
            for (int column = 0; column < y.Columns; column++) y[row][column] = (float)value(row, column);
    }

    private static double Sum(int count, Func<int, double> term)
    {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += term(i);
        return sum;
    }

    /// <summary>The gradient accumulated from other rows, if there is one.</summary>
    private static double Before(Matrix sum, int row, int column) => sum.HasValue ? sum.Rows()[row][column] : 0;
}
