using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 5, the softmax on vectors: eight scores of a row at a time, for the largest, for the exponentials and for their sum. The loops have
/// no exceptions: hidden keys and the rest of the last register become minus infinity first, and weigh exp(-infinity) = 0.
/// <code>
/// s:   | 8 scores | 8 scores | 3 scores, 5 x -infinity |      max, exp and + of whole registers
/// </code>
/// Everything else is rung 4.
/// </summary>
public static unsafe class Rung5VectorSoftmax
{
    /// <summary>y = softmax(scale Q K^T) V.</summary>
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        using var packed = new PackedKeyValues(k, v, shape);
        using var scratch = new Scratch(QueryBlock.Floats(shape));
        for (int i = 0; i < shape.Tokens; i += QueryBlock.Most)
            Rung4Tiles.AttendBlock(q, packed, y, new QueryBlock(shape, i, scratch.Floats), Weigh);
    }

    /// <summary>Scores of query i with the keys from start on become weights; its m, l and o come to the same scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Weigh(QueryBlock block, int i, int start, int count)
    {
        float* s = block.Scores(i), o = block.Sums(i);
        float scale = block.Shape.Scale, before = block.Largest[i], largest = before;
        int length = Panels.Width(count), visible = Math.Clamp(block.Shape.VisibleEnd(block.First + i) - start, 0, count);
        new Span<float>(s + visible, length - visible).Fill(float.NegativeInfinity);
        Vector256<float> top = Vector256.Create(float.NegativeInfinity), sum = Vector256<float>.Zero;
        for (int j = 0; j < length; j += 8) top = Vector256.Max(top, Vector256.Load(s + j));
        for (int j = 0; j < 8; j++) largest = MathF.Max(largest, scale * top[j]);
        for (int j = 0; j < length; j += 8)
        {
            Vector256<float> weight = Vector256.Exp(Vector256.Load(s + j) * scale - Vector256.Create(largest));
            weight.Store(s + j);
            sum += weight;
        }

        float fade = MathF.Exp(before - largest);
        for (int d = 0; d < Panels.Width(block.Shape.HeadDim); d += 8) (Vector256.Load(o + d) * fade).Store(o + d);
        (block.Largest[i], block.Total[i]) = (largest, block.Total[i] * fade + Vector256.Sum(sum));
    }
}
