namespace VlmSharp.Training.Objectives;

/// <summary>
/// The softmax loss of CLIP (Radford et al. 2021, figure 3): which of the n texts belongs to this picture, and which of the n pictures
/// to this text?
/// <code>
/// s_ij = t x_i . y_j
/// p_ij = exp(s_ij) / sum_k exp(s_ik)            q_ij = exp(s_ij) / sum_k exp(s_kj)
/// L = -1/2n sum_i (log p_ii + log q_ii)
/// ds_ij = 1/2n (p_ij + q_ij - 2 [i = j])
/// </code>
/// </summary>
public static class ContrastiveLoss
{
    /// <summary>Computes loss and gradients.</summary>
    /// <param name="pictures">x [n, d], each of length 1.</param>
    /// <param name="texts">y [n, d], each of length 1; text i describes picture i.</param>
    /// <param name="width">d, the numbers of a vector.</param>
    /// <param name="scale">t; training begins with 1 / 0.07.</param>
    /// <returns>The loss and its gradients with respect to all inputs.</returns>
    /// <exception cref="ArgumentException">There are not n vectors of each.</exception>
    public static PairLoss Compute(ReadOnlySpan<float> pictures, ReadOnlySpan<float> texts, int width, double scale = 1 / 0.07)
    {
        var pairs = new EmbeddingPairs(pictures, texts, width);
        int n = pairs.Count;
        double[,] s = pairs.Scores(scale, bias: 0), ds = new double[n, n];
        double loss = 0;
        for (int i = 0; i < n; i++)
        {
            double row = LogSumExp(n, k => s[i, k]), column = LogSumExp(n, k => s[k, i]);
            loss += (row - s[i, i] + column - s[i, i]) / (2 * n);
            ds[i, i] -= 1.0 / n;
            for (int k = 0; k < n; k++)
            {
                ds[i, k] += Math.Exp(s[i, k] - row) / (2 * n);
                ds[k, i] += Math.Exp(s[k, i] - column) / (2 * n);
            }
        }

        return pairs.Gradients(loss, ds, scale) with { BiasGradient = 0 };
    }

    /// <summary>log sum_k exp(s_k), which does not overflow.</summary>
    private static double LogSumExp(int count, Func<int, double> s)
    {
        double largest = Enumerable.Range(0, count).Max(s);
        return largest + Math.Log(Enumerable.Range(0, count).Sum(k => Math.Exp(s(k) - largest)));
    }
}
