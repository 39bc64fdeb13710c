using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Rung 1, the equation (Vaswani et al. 2017, eq. 1) with everything written down:
/// <code>
/// S[i, j] = scale q_i . k_j          P[i, j] = exp S[i, j] / sum_j exp S[i, j]          y_i = sum_j P[i, j] v_j
/// </code>
/// Two faults. exp overflows fp32 for scores above 88, and infinity divided by infinity is NaN. And the matrix of scores has Tokens x
/// Tokens numbers for each head: 64 MB at 896 pixels, where the queries have 1 MB.
/// </summary>
public static unsafe class Rung1ScoreMatrix
{
    /// <summary>y = softmax(scale Q K^T) V.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* q, float* k, float* v, float* y, AttentionShape shape)
    {
        (int tokens, int dim, _) = shape;
        using var scores = new Scratch((long)tokens * tokens);
        for (int i = 0; i < tokens; i++)
            for (int j = 0; j < shape.VisibleEnd(i); j++) // a hidden score stays 0 here, and so does its weight
            {
                float dot = 0;
                for (int d = 0; d < dim; d++) dot += q[(nint)i * dim + d] * k[(nint)j * dim + d];
                scores.Floats[(nint)i * tokens + j] = MathF.Exp(shape.Scale * dot);
            }

        for (int i = 0; i < tokens; i++)
        {
            float* p = scores.Floats + (nint)i * tokens;
            float total = 0;
            for (int j = 0; j < tokens; j++) total += p[j];
            for (int d = 0; d < dim; d++)
            {
                float sum = 0;
                for (int j = 0; j < tokens; j++) sum += p[j] * v[(nint)j * dim + d];
                y[(nint)i * dim + d] = sum / total;
            }
        }
    }
}
