using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 3, the running softmax (Milakov and Gimelshein 2018): the keys come in blocks, and three things are kept up to date, the largest
/// score m so far, the sum l of weights relative to it, and the weighted sum o of values.
/// <code>
/// for each block:   m' = max(m, max_j s_j)           a larger score has come: what was summed shrinks to the new scale
///                   l  = l exp(m - m') + sum_j exp(s_j - m')
///                   o  = o exp(m - m') + sum_j exp(s_j - m') v_j
/// at the end:       y  = o / l
/// </code>
/// So no row of scores has to be complete before its values can be used, and the scratch memory no longer depends on how many
/// tokens there are. By itself this is not faster. It is what makes the next rung possible: a block of keys and values that lies in the
/// cache serves many queries before the next block is fetched.
/// </summary>
public static unsafe class Rung3RunningSoftmax
{
    /// <summary>Keys of a block.</summary>
    public const int KeyBlock = 64;

    /// <summary>y = softmax(scale Q K^T) V.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        (int tokens, int dim, _) = shape;
        float* s = stackalloc float[KeyBlock];
        for (int i = 0; i < tokens; i++)
        {
            float largest = float.NegativeInfinity, total = 0; // m and l
            float* output = y + (nint)i * dim;                 // o
            new Span<float>(output, dim).Clear();
            int end = shape.VisibleEnd(i);
            for (int start = 0; start < end; start += KeyBlock)
            {
                int count = Math.Min(KeyBlock, end - start);
                float before = largest;
                for (int j = 0; j < count; j++)
                {
                    float dot = 0;
                    for (int d = 0; d < dim; d++) dot += q[(nint)i * dim + d] * k[(nint)(start + j) * dim + d];
                    s[j] = shape.Scale * dot;
                    largest = MathF.Max(largest, s[j]);
                }

                float fade = MathF.Exp(before - largest); // 0 for the first block: nothing has been summed
                total *= fade;
                for (int d = 0; d < dim; d++) output[d] *= fade;
                for (int j = 0; j < count; j++)
                {
                    float weight = MathF.Exp(s[j] - largest);
                    total += weight;
                    for (int d = 0; d < dim; d++) output[d] += weight * v[(nint)(start + j) * dim + d];
                }
            }

            for (int d = 0; d < dim; d++) output[d] /= total;
        }
    }
}
