namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>VlmSharp.Cpu/Kernels/Attention/Attention.md</c>: what the running softmax knows of one query over a part
/// of the keys, and how two parts become one.
/// </summary>
/// <param name="Largest">m, the largest score; minus infinity where no key was seen.</param>
/// <param name="Total">l = sum_j exp(s_j - m).</param>
/// <param name="Sum">o = sum_j exp(s_j - m) v_j, one number for each feature.</param>
public sealed record SoftmaxPart(float Largest, float Total, float[] Sum)
{
    /// <summary>The result, once all keys have been seen.</summary>
    public float[] Result => [.. Sum.Select(value => value / Total)];

    /// <summary>A part over one key: its weight relative to itself is 1.</summary>
    public static SoftmaxPart Of(float score, ReadOnlySpan<float> value) => new(score, 1, value.ToArray());

    /// <summary>
    /// The part over the keys of both:
    /// <code>
    /// m = max(m1, m2)      l = l1 exp(m1 - m) + l2 exp(m2 - m)      o = o1 exp(m1 - m) + o2 exp(m2 - m)
    /// </code>
    /// Order and grouping do not matter (up to rounding), so parts may be computed anywhere and joined in any tree.
    /// </summary>
    public SoftmaxPart JoinedWith(SoftmaxPart other)
    {
        float largest = MathF.Max(Largest, other.Largest);
        if (float.IsNegativeInfinity(largest)) return this; // neither has seen a key
        float here = MathF.Exp(Largest - largest), there = MathF.Exp(other.Largest - largest);
        return new SoftmaxPart(
            largest, Total * here + other.Total * there, [.. Sum.Zip(other.Sum, (a, b) => a * here + b * there)]);
    }
}
