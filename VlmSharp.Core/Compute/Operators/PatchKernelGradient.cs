namespace VlmSharp.Compute.Operators;

/// <summary>
/// The gradient of <see cref="PatchEmbed"/> by its kernel, as of a linear layer whose rows are the flattened patches. The gradient by its
/// bias is <see cref="SumRows"/> of dY; the gradient by the positions is the same with a period of N.
/// <code>
/// dW = sum over images n and patches p of dY[n * N + p] flatten(patch p of image n)^T + sum
/// </code>
/// </summary>
/// <param name="Gradient">dY [images * N, F].</param>
/// <param name="Pixels">[images, 3 * S * S], each row one picture as planes R, G, B.</param>
/// <param name="Patch">Side of a patch in pixels.</param>
/// <param name="Sum">[F, 3 * patch * patch], or <c>default</c> for 0.</param>
public readonly record struct PatchKernelGradient(Matrix Gradient, Matrix Pixels, int Patch, Matrix Sum = default) : IOperator
{
    /// <summary>S, the side of a picture in pixels.</summary>
    public int Side => (int)Math.Sqrt(Pixels.Columns / 3);

    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Patch);
        int perSide = Side / Patch;
        Shapes.Require(3 * Side * Side == Pixels.Columns && Pixels.Rows * perSide * perSide == Gradient.Rows
            && (!Sum.HasValue || (Sum.Rows == Gradient.Columns && Sum.Columns == 3 * Patch * Patch)),
            $"PatchKernelGradient: gradient {Gradient}, pixels {Pixels}, patch {Patch}, sum {Sum}");
        return new MatrixShape(Gradient.Columns, 3 * Patch * Patch);
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.PatchKernelGradient"/>
    /// <returns>dW [F, 3 * patch * patch].</returns>
    public static Matrix PatchKernelGradient(this IComputeBackend b, Matrix gradient, Matrix pixels, int patch, Matrix sum = default) =>
        b.Run(new PatchKernelGradient(gradient, pixels, patch, sum));
}
