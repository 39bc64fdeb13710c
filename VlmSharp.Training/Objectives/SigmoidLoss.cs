namespace VlmSharp.Training.Objectives;

/// <summary>
/// The sigmoid loss (Zhai et al. 2023, section 3.2), which PaliGemma's vision encoder was pre-trained with. Each of the n x n pairs is a
/// separate binary question: does this text belong to this picture?
/// <code>
/// s_ij = t x_i . y_j + b
/// L = -1/n sum_ij log sigmoid(z_ij s_ij)        z_ij = 1 where i = j, else -1
/// ds_ij = -1/n z_ij sigmoid(-z_ij s_ij)
/// </code>
/// </summary>
public static class SigmoidLoss
{
    /// <summary>Computes loss and gradients.</summary>
    /// <param name="pictures">x [n, d], each of length 1.</param>
    /// <param name="texts">y [n, d], each of length 1; text i describes picture i.</param>
    /// <param name="width">d, the numbers of a vector.</param>
    /// <param name="scale">t; training begins with 10.</param>
    /// <param name="bias">b; training begins with -10, because nearly all pairs do not match.</param>
    /// <returns>The loss and its gradients with respect to all inputs.</returns>
    /// <exception cref="ArgumentException">There are not n vectors of each.</exception>
    public static PairLoss Compute(ReadOnlySpan<float> pictures, ReadOnlySpan<float> texts, int width, double scale = 10, double bias = -10)
    {
        var pairs = new EmbeddingPairs(pictures, texts, width);
        double[,] s = pairs.Scores(scale, bias), ds = new double[pairs.Count, pairs.Count];
        double loss = 0;
        for (int i = 0; i < pairs.Count; i++)
            for (int j = 0; j < pairs.Count; j++)
            {
                double z = i == j ? 1 : -1;
                loss += Softplus(-z * s[i, j]) / pairs.Count; // -log sigmoid(z s) = log(1 + exp(-z s))
                ds[i, j] = -z / (1 + Math.Exp(z * s[i, j])) / pairs.Count;
            }

        return pairs.Gradients(loss, ds, scale);
    }

    /// <summary>log(1 + exp(v)), which does not overflow.</summary>
    private static double Softplus(double v) => Math.Max(v, 0) + Math.Log(1 + Math.Exp(-Math.Abs(v)));
}
