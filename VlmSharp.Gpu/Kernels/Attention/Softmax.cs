namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The softmax of scores that arrive block by block (Milakov and Gimelshein 2018). m is the largest score so far, l the sum of exp(s - m),
/// o the sum of exp(s - m) v:
/// <code>
/// m' = max(m, max s),  keep = exp(m - m'),  l' = keep l + sum exp(s - m'),  o' = keep o + sum exp(s - m') v;   at the end  y = o / l
/// </code>
/// A hidden key has the score -inf and therefore the weight 0. Before a row has seen any key, m is -inf, and exp(-inf - -inf) must be
/// avoided.
/// </summary>
internal static class Softmax
{
    /// <summary>m, or 0 if every score so far is -inf: the number that is subtracted from the scores.</summary>
    public static float Shift(float max) => max == float.NegativeInfinity ? 0 : max;

    /// <summary>exp(s - m).</summary>
    /// <param name="score">s, a score in natural units.</param>
    /// <param name="shift">m, from <see cref="Shift"/>.</param>
    public static float Weight(float score, float shift) => Functions.Exp(score - shift);

    /// <summary>exp(m - m'): the factor for the sums so far.</summary>
    public static float Keep(float before, float max) => before == max ? 1 : Functions.Exp(before - max);

    /// <summary><see cref="Weight(float, float)"/> of eight scores, given the largest score so far of each of eight rows.</summary>
    public static F8 Weights(F8 scores, F8 max) => new()
    {
        A = Weight(scores.A, Shift(max.A)),
        B = Weight(scores.B, Shift(max.B)),
        C = Weight(scores.C, Shift(max.C)),
        D = Weight(scores.D, Shift(max.D)),
        E = Weight(scores.E, Shift(max.E)),
        F = Weight(scores.F, Shift(max.F)),
        G = Weight(scores.G, Shift(max.G)),
        H = Weight(scores.H, Shift(max.H)),
    };

    /// <summary><see cref="Keep(float, float)"/> for eight rows.</summary>
    public static F8 Keep(F8 before, F8 max) => new()
    {
        A = Keep(before.A, max.A),
        B = Keep(before.B, max.B),
        C = Keep(before.C, max.C),
        D = Keep(before.D, max.D),
        E = Keep(before.E, max.E),
        F = Keep(before.F, max.F),
        G = Keep(before.G, max.G),
        H = Keep(before.H, max.H),
    };
}
