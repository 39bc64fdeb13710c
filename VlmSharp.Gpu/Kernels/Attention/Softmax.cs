namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The softmax of scores that come block by block (Milakov and Gimelshein 2018). m is the largest score until now, l the sum of exp(s -
/// m), o the sum of exp(s - m) v:
/// <code>
/// m' = max(m, max s),  keep = exp(m - m'),  l' = keep l + sum exp(s - m'),  o' = keep o + sum exp(s - m') v;   in the end  y = o / l
/// </code>
/// A hidden key has the score -inf and so the weight 0. Before a row has seen any key m is -inf: exp(-inf - -inf) must not come about.
/// </summary>
internal static class Softmax
{
    /// <summary>m, or 0 where no score was more than -inf: what is subtracted from the scores.</summary>
    public static float Shift(float max) => max == float.NegativeInfinity ? 0 : max;

    /// <summary>exp(s - m).</summary>
    /// <param name="score">s.</param>
    /// <param name="shift">m, by <see cref="Shift"/>.</param>
    public static float Weight(float score, float shift) => Functions.Exp(score - shift);

    /// <summary>exp(m - m'): what stays of the sums until now.</summary>
    public static float Keep(float before, float max) => before == max ? 1 : Functions.Exp(before - max);
}
