using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>l and d of the query in a pair (<see cref="AttentionStatistics"/>), for either layout of the pairs.</summary>
internal interface IQueryStatistics<V> where V : struct, ISimd<V>
{
    /// <summary>l log2 e of the pairs from column j on.</summary>
    V LogSum(int j);

    /// <summary>d of the same pairs.</summary>
    V Mean(int j);

    /// <summary>e of the same pairs.</summary>
    V Error(int j);
}

/// <summary>All pairs of a row have the same query.</summary>
internal readonly struct RowStatistics<V>(float logSum, float mean) : IQueryStatistics<V> where V : struct, ISimd<V>
{
    private readonly V logSum = V.Broadcast(logSum * Elementary.Log2E), mean = V.Broadcast(mean);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V LogSum(int j) => logSum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Mean(int j) => mean;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Error(int j) => V.Zero;
}

/// <summary>Each pair of a row has another query.</summary>
internal readonly unsafe struct ColumnStatistics<V>(float* logSums, float* means, float* errors) : IQueryStatistics<V>
    where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V LogSum(int j) => V.Load(logSums + j) * V.Broadcast(Elementary.Log2E);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Mean(int j) => V.Load(means + j);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Error(int j) => V.Load(errors + j);
}

/// <summary>
/// Turns the products of a row of pairs into the terms of attention's gradients:
/// <code>
/// s = cap tanh(scale q.k / cap)      (without a cap: scale q.k)
/// p = exp(s - l)
/// ds = scale p (dY.v - d - e) (1 - (s / cap)^2)      e is the rounding error of d
/// </code>
/// The products are like those of <see cref="TiledAttention{V}"/>: the queries include the factor scale log2 e, so that exp is a power
/// of two.
/// </summary>
internal static unsafe class AttentionPairs<V> where V : struct, ISimd<V>
{
    /// <summary>Replaces the products by p in the columns [from, to) of a row, and by 0 in the others.</summary>
    /// <param name="s">scale log2 e q.k, whole registers.</param>
    /// <param name="from">First column.</param>
    /// <param name="to">End of the columns.</param>
    /// <param name="count">Columns of the row.</param>
    /// <param name="spec">Scale and soft-cap.</param>
    /// <param name="of">Gives l, the logarithm of the sum of each query's weights.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weigh<TStatistics>(float* s, int from, int to, int count, in AttentionSpec spec, TStatistics of)
        where TStatistics : struct, IQueryStatistics<V>
    {
        var score = new Score(spec);
        for (int j = from / V.Count * V.Count; j < to; j += V.Count) V.Store(s + j, score.Weight(V.Load(s + j), of.LogSum(j), out _));
        Clear(s, from, to, count);
    }

    /// <summary>Replaces the products by ds in the columns [from, to) of a row, and by 0 in the others.</summary>
    /// <param name="s">scale log2 e q.k, whole registers.</param>
    /// <param name="along">dY.v, as many.</param>
    /// <param name="from">First column.</param>
    /// <param name="to">End of the columns.</param>
    /// <param name="count">Columns of the row.</param>
    /// <param name="spec">Scale and soft-cap.</param>
    /// <param name="of">l and d.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Differentiate<TStatistics>(
        float* s, float* along, int from, int to, int count, in AttentionSpec spec, TStatistics of)
        where TStatistics : struct, IQueryStatistics<V>
    {
        var score = new Score(spec);
        V scale = V.Broadcast(spec.Scale);
        for (int j = from / V.Count * V.Count; j < to; j += V.Count)
        {
            V p = score.Weight(V.Load(s + j), of.LogSum(j), out V slope);
            V.Store(s + j, scale * p * (V.Load(along + j) - of.Mean(j) - of.Error(j)) * slope);
        }

        Clear(s, from, to, count);
    }

    /// <summary>sum_j p_j (dY.v_j - d).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Rest(float* p, float* along, float mean, int count) =>
        RowMath.SumOf<V, RestMap>(new() { Mean = V.Broadcast(mean) }, p, along, along, count);

    private struct RestMap : IMap<V>
    {
        public V Mean;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly V Apply(V p, V along, V c) => p * (along - Mean);
    }

    // Clears the pairs that the mask hides.
    private static void Clear(float* s, int from, int to, int count)
    {
        new Span<float>(s, from).Clear();
        new Span<float>(s + to, count - to).Clear();
    }

    private readonly struct Score(in AttentionSpec spec)
    {
        private readonly bool capped = spec.SoftCap > 0;
        private readonly V cap = V.Broadcast(spec.SoftCap * Elementary.Log2E), inverse = V.Broadcast(1 / (spec.SoftCap * Elementary.Log2E));

        // p, and the slope of the soft-cap.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Weight(V product, V logSum, out V slope)
        {
            slope = V.Broadcast(1);
            if (!capped) return Elementary.Exp2(product - logSum);
            V share = Elementary.Tanh(product * inverse);
            slope -= share * share;
            return Elementary.Exp2(cap * share - logSum);
        }
    }
}
