using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 4, tiles (Dao et al. 2022, FlashAttention). The running softmax for 96 queries and 256 keys at a time makes both sums matrix
/// products, S = Q K^T and O += P V, and these have a register tile already (<see cref="RegisterTile"/>). Keys and values are brought
/// into panels of 16 columns once; the scores, 96 KB, stay in the second-level cache between the three steps of a block.
/// <code>
/// for each 96 queries, for each 256 keys:      Score      S  = Q K^T                  on tiles
///                                              Weigh      P  = exp(scale S - m')      row by row, on vectors; l and O fade
///                                              AddValues  O += P V                    on tiles
/// </code>
/// </summary>
public static unsafe class Rung4Tiles
{
    private const int QueryBlock = 96, KeyBlock = 256, Columns = RegisterTile.Columns, Rows = RegisterTile.Rows;

    /// <summary>y = softmax(scale Q K^T) V.</summary>
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        using var panels = new Scratch(PanelFloats(shape));
        Pack(k, v, shape, panels.Floats);
        using var scratch = new Scratch(BlockFloats(shape));
        for (int block = 0; block < Blocks(shape); block++) AttendBlock(q, panels.Floats, y, shape, block, scratch.Floats);
    }

    internal static int Blocks(AttentionShape shape) => (shape.Tokens + QueryBlock - 1) / QueryBlock;

    internal static long PanelFloats(AttentionShape shape) =>
        (long)WholePanels(shape.Tokens) * (shape.HeadDim + WholePanels(shape.HeadDim));

    internal static long BlockFloats(AttentionShape shape) => QueryBlock * (KeyBlock + 2L + WholePanels(shape.HeadDim));

    private static int WholePanels(int count) => (count + Columns - 1) / Columns * Columns;

    /// <summary>Panels [tokens / 16][d][16] of keys, then panels [d / 16][tokens][16] of values; the padding is 0.</summary>
    internal static void Pack(float* k, float* v, AttentionShape shape, float* panels)
    {
        (int tokens, int dim, _) = shape;
        float* values = panels + (nint)WholePanels(tokens) * dim;
        for (int j = 0; j < tokens; j++)
        {
            float* key = panels + (nint)(j / Columns) * dim * Columns + j % Columns;
            for (int d = 0; d < dim; d++) key[d * Columns] = k[(nint)j * dim + d];
            for (int d = 0; d < dim; d += Columns)
            {
                int count = Math.Min(Columns, dim - d);
                new Span<float>(v + (nint)j * dim + d, count).CopyTo(new Span<float>(values + (nint)d * tokens + j * Columns, count));
            }
        }
    }

    /// <summary>96 queries over all the keys that any of them sees.</summary>
    internal static void AttendBlock(float* q, float* panels, float* y, AttentionShape shape, int block, float* scratch)
    {
        (int tokens, int dim, _) = shape;
        int first = block * QueryBlock, queries = Math.Min(QueryBlock, tokens - first), end = shape.VisibleEnd(first + queries - 1);
        int width = WholePanels(dim);
        float* s = scratch, o = s + QueryBlock * KeyBlock, m = o + QueryBlock * (nint)width, l = m + QueryBlock;
        new Span<float>(o, queries * width).Clear();
        new Span<float>(m, queries).Fill(float.NegativeInfinity);
        new Span<float>(l, queries).Clear();
        float* values = panels + (nint)WholePanels(tokens) * dim;
        for (int start = 0; start < end; start += KeyBlock)
        {
            int count = Math.Min(KeyBlock, end - start);
            new Span<float>(s, queries * KeyBlock).Clear();
            for (int j = 0; j < count; j += Columns)
                for (int i = 0; i < queries; i += Rows)
                    RegisterTile.MultiplyAdd(
                        q + (nint)(first + i) * dim, dim, Math.Min(Rows, queries - i),
                        panels + (nint)(start + j) * dim, Columns, s + i * KeyBlock + j, KeyBlock, dim);
            for (int i = 0; i < queries; i++)
                Weigh(s + i * KeyBlock, shape.VisibleEnd(first + i) - start, count, shape.Scale, m + i, l + i, o + (nint)i * width, width);
            for (int d = 0; d < dim; d += Columns)
                for (int i = 0; i < queries; i += Rows)
                    RegisterTile.MultiplyAdd(
                        s + i * KeyBlock, KeyBlock, Math.Min(Rows, queries - i),
                        values + ((nint)(d / Columns) * tokens + start) * Columns, Columns, o + (nint)i * width + d, width, count);
        }

        for (int i = 0; i < queries; i++)
            for (int d = 0; d < dim; d++) y[(nint)(first + i) * dim + d] = o[(nint)i * width + d] / l[i];
    }

    // One row: scores to weights, and the running m, l and o to the same scale. Hidden keys and padding weigh exp(-infinity) = 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(float* s, int visible, int count, float scale, float* m, float* l, float* o, int width)
    {
        int length = WholePanels(count), from = Math.Clamp(visible, 0, count);
        new Span<float>(s + from, length - from).Fill(float.NegativeInfinity);
        Vector256<float> top = Vector256.Create(float.NegativeInfinity), sum = Vector256<float>.Zero;
        for (int j = 0; j < length; j += 8) top = Vector256.Max(top, Vector256.Load(s + j));
        float largest = *m;
        for (int j = 0; j < 8; j++) largest = MathF.Max(largest, scale * top[j]);
        float fade = MathF.Exp(*m - largest);
        for (int j = 0; j < length; j += 8)
        {
            Vector256<float> weight = Vector256.Exp(Vector256.Load(s + j) * scale - Vector256.Create(largest));
            weight.Store(s + j);
            sum += weight;
        }

        *m = largest;
        *l = *l * fade + Vector256.Sum(sum);
        for (int d = 0; d < width; d += 8) (Vector256.Load(o + d) * fade).Store(o + d);
    }
}
