namespace VlmSharp.Compute.Operators;

/// <summary>
/// Patch embedding of a vision transformer (Dosovitskiy et al. 2021, eq. 1): a convolution whose stride equals its kernel size.
/// <code>
/// y[n * N + p] = W * flatten(patch p of image n) + bias + position[p]
/// </code>
/// Patches are in row-major order, each flattened as (channel, y, x).
/// </summary>
/// <param name="Pixels">[images, 3 * S * S], each row one picture as planes R, G, B.</param>
/// <param name="Kernel">W [F, 3 * patch * patch].</param>
/// <param name="Bias">[F].</param>
/// <param name="Positions">[N, F] with N = (S / patch)^2.</param>
/// <param name="Patch">Side of a patch in pixels.</param>
public readonly record struct PatchEmbed(Matrix Pixels, Weight Kernel, Weight Bias, Weight Positions, int Patch) : IDifferentiable
{
    /// <summary>S, the side of a picture in pixels.</summary>
    public int Side => (int)Math.Sqrt(Pixels.Columns / 3);

    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Patch);
        int perSide = Side / Patch;
        Shapes.Require(3 * Side * Side == Pixels.Columns && perSide * perSide == Positions.Rows && Kernel.Columns == 3 * Patch * Patch
            && Bias.IsVector(Kernel.Rows) && Positions.Columns == Kernel.Rows,
            $"PatchEmbed: pixels {Pixels}, kernel {Kernel}, bias {Bias}, positions {Positions}, patch {Patch}");
        return new MatrixShape(checked(Pixels.Rows * Positions.Rows), Kernel.Rows);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        operands.Add(Pixels);
        operands.Add(Kernel);
        operands.Add(Bias);
        operands.Add(Positions);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        if (to.Wants(Pixels)) throw new NotSupportedException("PatchEmbed: the gradient by the pixels is not computed.");
        (Matrix pixels, int patch, int patches) = (Pixels, Patch, Positions.Rows);
        if (to.Wants(Kernel)) to.Add(Kernel, sum => to.Backend.PatchKernelGradient(dy, pixels, patch, sum));
        if (to.Wants(Bias)) to.Add(Bias, sum => to.Backend.SumRows(dy, sum: sum));
        if (to.Wants(Positions)) to.Add(Positions, sum => to.Backend.SumRows(dy, patches, sum));
    }
}

/// <summary>The operators as calls on a backend, so that a model reads like its equations. Each call is in its operator's file.</summary>
public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.PatchEmbed"/>
    /// <returns>[images * N, F].</returns>
    public static Matrix PatchEmbed(this IComputeBackend b, Matrix pixels, Weight kernel, Weight bias, Weight positions, int patch) =>
        b.Run(new PatchEmbed(pixels, kernel, bias, positions, patch));
}
