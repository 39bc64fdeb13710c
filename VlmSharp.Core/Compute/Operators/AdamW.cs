namespace VlmSharp.Compute.Operators;

/// <summary>
/// A step of AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019) in PyTorch's order: the decay first, epsilon outside the root. Changes
/// the parameter and its moments; has no result.
/// <code>
/// g = factor G
/// m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
/// W = (1 - decay) W - rate m' / (sqrt(v') + epsilon)
/// m' = m / (1 - beta1^t)               v' = v / (1 - beta2^t)
/// </code>
/// A parameter that is stored in bf16 has 8 significant bits, too few for most steps to change it. So its fp32 master copy takes the step,
/// and the parameter is the master copy rounded to bf16.
/// </summary>
/// <param name="Weight">W [out, in], F32 or BF16, in memory that may be written to.</param>
/// <param name="Gradient">G [out, in].</param>
/// <param name="First">m [out, in], 0 before the first step.</param>
/// <param name="Second">v [out, in], 0 before the first step.</param>
/// <param name="Step">Time, rates and factors.</param>
/// <param name="Master">[out, in] for a parameter in BF16; <c>default</c> for one in F32.</param>
public readonly record struct AdamW(
    Weight Weight, Matrix Gradient, Matrix First, Matrix Second, AdamStep Step, Matrix Master = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Step.Check("AdamW");
        Shapes.RequireUpdate(Weight, Gradient, Master, "AdamW");
        Shapes.Require(First.Fits(Weight) && Second.Fits(Weight), $"AdamW: weight {Weight}, first moment {First}, second moment {Second}");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.AdamW"/>
    public static void AdamW(
        this IComputeBackend b, Weight weight, Matrix gradient, Matrix first, Matrix second, AdamStep step, Matrix master = default) =>
        b.Run(new AdamW(weight, gradient, first, second, step, master));
}
