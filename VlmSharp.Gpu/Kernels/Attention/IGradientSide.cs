namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// What the gradient of attention is taken with respect to, as a type argument of <see cref="AttentionGradient"/>. A group owns some rows,
/// of queries or of keys, and visits the rows of the other side:
/// <code>
///           owns      sums over           weight    of
/// queries   q, dY     keys                ds_ij     k_j
/// keys      k, v      queries             ds_ij     q_i
/// values    k         queries             p_ij      dY_i
/// </code>
/// </summary>
internal interface IGradientSide
{
    /// <summary>Whether the owned rows are queries; otherwise they are keys.</summary>
    static abstract bool OwnsQueries { get; }

    /// <summary>Whether the weight is ds; otherwise it is p.</summary>
    static abstract bool IsOfScores { get; }
}

/// <summary>dQ_i = sum_j ds_ij k_j.</summary>
internal readonly struct QuerySide : IGradientSide
{
    public static bool OwnsQueries => true;

    public static bool IsOfScores => true;
}

/// <summary>dK_j = sum_i ds_ij q_i.</summary>
internal readonly struct KeySide : IGradientSide
{
    public static bool OwnsQueries => false;

    public static bool IsOfScores => true;
}

/// <summary>dV_j = sum_i p_ij dY_i.</summary>
internal readonly struct ValueSide : IGradientSide
{
    public static bool OwnsQueries => false;

    public static bool IsOfScores => false;
}
