using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 2, a row at a time with the safe softmax. A factor above and below a fraction line changes nothing, so the largest score m
/// is subtracted first:
/// <code>
/// exp(s_j) / sum_j exp(s_j)  =  exp(s_j - m) / sum_j exp(s_j - m)          m = max_j s_j
/// </code>
/// No exponent is above 0 now: the largest weight is exp(0) = 1, small ones become 0, and nothing overflows. A row of scores is all that
/// exists at a time. The loop over values goes along their rows: v_j times its weight is added to y_i, so that memory is read in order.
/// This is what the reference backend does, in double.
/// </summary>
public static unsafe class Rung2RowByRow
{
    /// <summary>y = softmax(scale Q K^T) V.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        (int tokens, int dim, _) = shape;
        using var row = new Scratch(tokens);
        float* s = row.Floats;
        for (int i = 0; i < tokens; i++)
        {
            int end = shape.VisibleEnd(i);
            float largest = float.NegativeInfinity, total = 0;
            for (int j = 0; j < end; j++)
            {
                float dot = 0;
                for (int d = 0; d < dim; d++) dot += q[(nint)i * dim + d] * k[(nint)j * dim + d];
                s[j] = shape.Scale * dot;
                largest = MathF.Max(largest, s[j]);
            }

            float* output = y + (nint)i * dim;
            new Span<float>(output, dim).Clear();
            for (int j = 0; j < end; j++)
            {
                float weight = MathF.Exp(s[j] - largest);
                total += weight;
                for (int d = 0; d < dim; d++) output[d] += weight * v[(nint)j * dim + d];
            }

            for (int d = 0; d < dim; d++) output[d] /= total;
        }
    }
}
