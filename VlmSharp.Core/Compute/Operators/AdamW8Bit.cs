namespace VlmSharp.Compute.Operators;

/// <summary>
/// A step of <see cref="AdamW"/> whose moments are stored in 8 bits (Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization"):
/// 2.03 bytes a number for both moments instead of 8. The parameter, row-major, is divided into blocks of 256; the last one may be shorter.
/// For each moment a block has a scale, the largest magnitude, and a code of the <see cref="DynamicMap"/> for each number:
/// <code>
/// m = M[first code] * first scale          M the signed map, V the unsigned
/// v = V[second code] * second scale
/// a step of AdamW, which uses the new m and v before they are rounded to codes
/// scale = largest magnitude in the block   code = the nearest of m / scale, but m keeps its sign
/// </code>
/// One number of a matrix holds four codes, as bytes in the order of the parameter's numbers; unused bytes of the last one are 0. Changes
/// the parameter and its moments; has no result.
/// </summary>
/// <param name="Weight">W [out, in], n numbers, F32 or BF16, in memory that may be written to.</param>
/// <param name="Gradient">G [out, in].</param>
/// <param name="FirstCodes">[1, ceil(n / 4)], all bits 0 before the first step.</param>
/// <param name="FirstScales">[1, ceil(n / 256)], 0 before the first step.</param>
/// <param name="SecondCodes">[1, ceil(n / 4)], all bits 0 before the first step.</param>
/// <param name="SecondScales">[1, ceil(n / 256)], 0 before the first step.</param>
/// <param name="Step">Time, rates and factors.</param>
/// <param name="Master">[out, in] for a parameter in BF16; <c>default</c> for one in F32.</param>
public readonly record struct AdamW8Bit(
    Weight Weight, Matrix Gradient, Matrix FirstCodes, Matrix FirstScales, Matrix SecondCodes, Matrix SecondScales, AdamStep Step,
    Matrix Master = default) : IOperator
{
    /// <summary>The number of elements that share a scale.</summary>
    public const int BlockLength = 256;

    /// <summary>The shape of a moment's codes.</summary>
    /// <param name="count">Numbers of the parameter.</param>
    /// <returns>[1, ceil(count / 4)].</returns>
    public static MatrixShape CodesOf(long count) => new(1, checked((int)((count + 3) / 4)));

    /// <summary>The shape of a moment's scales.</summary>
    /// <param name="count">Numbers of the parameter.</param>
    /// <returns>[1, ceil(count / 256)].</returns>
    public static MatrixShape ScalesOf(long count) => new(1, checked((int)((count + BlockLength - 1) / BlockLength)));

    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Step.Check("AdamW8Bit");
        Shapes.RequireUpdate(Weight, Gradient, Master, "AdamW8Bit");
        MatrixShape codes = CodesOf(Gradient.Length), scales = ScalesOf(Gradient.Length);
        Shapes.Require(
            FirstCodes.Shape == codes && SecondCodes.Shape == codes && FirstScales.Shape == scales && SecondScales.Shape == scales,
            $"AdamW8Bit: weight {Weight}, codes {FirstCodes} and {SecondCodes}, scales {FirstScales} and {SecondScales}");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AdamW8Bit"/>
    public static void AdamW8Bit(
        this IComputeBackend b, Weight weight, Matrix gradient, Matrix firstCodes, Matrix firstScales, Matrix secondCodes,
        Matrix secondScales, AdamStep step, Matrix master = default) =>
        b.Run(new AdamW8Bit(weight, gradient, firstCodes, firstScales, secondCodes, secondScales, step, master));
}
