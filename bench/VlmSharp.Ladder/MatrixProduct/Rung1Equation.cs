using System.Runtime.CompilerServices;

namespace VlmSharp.Ladder.MatrixProduct;

/// <summary>
/// Rung 1, the equation as three loops:
/// <code>
/// y[t, n] = sum_k x[t, k] W[n, k]
/// </code>
/// It is right, and uses 2 to 3 % of one core. The sum is one chain: an addition takes 2 to 4 cycles, and the next one waits for its
/// result, although the core could start two multiply-adds of 8 or 16 numbers in every cycle.
/// </summary>
public static unsafe class Rung1Equation
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
                float sum = 0;
                for (int k = 0; k < inputs; k++) sum += xRow[k] * wRow[k];
                y[(nint)t * outputs + n] = sum;
            }
    }
}
