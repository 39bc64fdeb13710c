using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 4, tiles (Dao et al. 2022, FlashAttention). The running softmax for 96 queries and 256 keys at a time makes both sums matrix
/// products, S = Q K^T and O += P V, and these have a register tile already (<see cref="RegisterTile"/>).
/// <code>
/// for each 96 queries, for each 256 keys:      Score      S  = Q K^T                  on tiles
///                                              Weigh      P  = exp(scale S - m')      row by row; l and O fade
///                                              AddValues  O += P V                    on tiles
/// </code>
/// Now the products are fast, and the exponentials, a small part until now, take about half of the time.
/// </summary>
public static unsafe class Rung4Tiles
{
    private const int KeyBlock = QueryBlock.KeyBlock, Columns = RegisterTile.Columns, Rows = RegisterTile.Rows;

    /// <summary>y = softmax(scale Q K^T) V.</summary>
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        using var packed = new PackedKeyValues(k, v, shape);
        using var scratch = new Scratch(QueryBlock.Floats(shape));
        for (int i = 0; i < shape.Tokens; i += QueryBlock.Most) AttendBlock(q, packed, y, new QueryBlock(shape, i, scratch.Floats), Weigh);
    }

    /// <summary>Scores of query i with the keys from start on become weights; its m, l and o come to the same scale.</summary>
    internal delegate void Weighing(QueryBlock block, int i, int start, int count);

    /// <summary>A block of queries over all the keys that any of them sees.</summary>
    internal static void AttendBlock(float* q, PackedKeyValues packed, float* y, QueryBlock block, Weighing weigh)
    {
        int dim = block.Shape.HeadDim, end = block.Shape.VisibleEnd(block.First + block.Count - 1);
        for (int start = 0; start < end; start += KeyBlock)
        {
            int count = Math.Min(KeyBlock, end - start);
            Score(q + (nint)block.First * dim, packed, block, start, count);
            for (int i = 0; i < block.Count; i++) weigh(block, i, start, count);
            AddValues(packed, block, start, count);
        }

        for (int i = 0; i < block.Count; i++)
            for (int d = 0; d < dim; d++) y[(nint)(block.First + i) * dim + d] = block.Sums(i)[d] / block.Total[i];
    }

    private static void Score(float* q, PackedKeyValues packed, QueryBlock block, int start, int count)
    {
        int dim = block.Shape.HeadDim;
        new Span<float>(block.Scores(0), block.Count * KeyBlock).Clear();
        for (int j = 0; j < count; j += Columns)
            for (int i = 0; i < block.Count; i += Rows)
                RegisterTile.MultiplyAdd(
                    q + (nint)i * dim, dim, Math.Min(Rows, block.Count - i),
                    packed.Keys(start + j), Columns, block.Scores(i) + j, KeyBlock, dim);
    }

    private static void AddValues(PackedKeyValues packed, QueryBlock block, int start, int count)
    {
        int dim = block.Shape.HeadDim;
        for (int d = 0; d < dim; d += Columns)
            for (int i = 0; i < block.Count; i += Rows)
                RegisterTile.MultiplyAdd(
                    block.Scores(i), KeyBlock, Math.Min(Rows, block.Count - i),
                    packed.Values(d, start), Columns, block.Sums(i) + d, Panels.Width(dim), count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(QueryBlock block, int i, int start, int count)
    {
        float* s = block.Scores(i), o = block.Sums(i);
        float scale = block.Shape.Scale, before = block.Largest[i], largest = before, total = 0;
        int visible = Math.Clamp(block.Shape.VisibleEnd(block.First + i) - start, 0, count);
        for (int j = 0; j < visible; j++) largest = MathF.Max(largest, scale * s[j]);
        for (int j = 0; j < visible; j++) total += s[j] = MathF.Exp(scale * s[j] - largest);
        new Span<float>(s + visible, count - visible).Clear(); // hidden keys weigh nothing
        float fade = MathF.Exp(before - largest);
        for (int d = 0; d < block.Shape.HeadDim; d++) o[d] *= fade;
        (block.Largest[i], block.Total[i]) = (largest, block.Total[i] * fade + total);
    }
}
