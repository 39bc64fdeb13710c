using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 2, vectors: eight terms of the sum at a time. Both rows lie along k, so a register takes eight neighbors of each, and the eight
/// partial sums are added up at the end.
/// <code>
/// s[j] = sum_i x[t, 8 i + j] W[n, 8 i + j]       y[t, n] = s[0] + ... + s[7]
/// </code>
/// Two limits stay. It is still one chain of multiply-adds, each of which waits for the one before. And each multiply-add needs two
/// loads of its own; the core starts two or three loads in a cycle, so even without the chain the loads would take as long as the
/// arithmetic or longer.
/// </summary>
public static unsafe class Rung2Vectors
{
    /// <summary>y = x W^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* w, float* y, ProductShape shape)
    {
        (int rows, int outputs, int inputs) = shape;
        for (int t = 0; t < rows; t++)
            for (int n = 0; n < outputs; n++)
            {
                float* xRow = x + (nint)t * inputs, wRow = w + (nint)n * inputs;
                Vector256<float> sums = Vector256<float>.Zero;
                int k = 0;
                for (; k + 8 <= inputs; k += 8)
                    sums = Vector256.MultiplyAddEstimate(Vector256.Load(xRow + k), Vector256.Load(wRow + k), sums);
                float sum = Vector256.Sum(sums);
                for (; k < inputs; k++) sum += xRow[k] * wRow[k]; // what fills no register
                y[(nint)t * outputs + n] = sum;
            }
    }
}
