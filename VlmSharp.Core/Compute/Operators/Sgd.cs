namespace VlmSharp.Compute.Operators;

/// <summary>
/// A step of stochastic gradient descent with momentum (Polyak 1964) in PyTorch's form. Changes the parameter and its velocity; has no
/// result.
/// <code>
/// g = factor G + decay W
/// u = momentum u + g          (u = g where there is no velocity)
/// W = W - rate u
/// </code>
/// </summary>
/// <param name="Weight">W [out, in], F32 or BF16, in memory that may be written to.</param>
/// <param name="Gradient">G [out, in].</param>
/// <param name="Rate">The learning rate of this step.</param>
/// <param name="Velocity">u [out, in], 0 before the first step; <c>default</c> without momentum.</param>
/// <param name="Momentum">The share of the velocity that is kept, in [0, 1).</param>
/// <param name="Decay">Weight decay, added to the gradient: not yet multiplied by the rate.</param>
/// <param name="GradientFactor">Multiplies the gradient first.</param>
/// <param name="Master">[out, in] for a parameter in BF16 (see <see cref="AdamW"/>); <c>default</c> for one in F32.</param>
public readonly record struct Sgd(
    Weight Weight, Matrix Gradient, float Rate, Matrix Velocity = default, float Momentum = 0, float Decay = 0, float GradientFactor = 1,
    Matrix Master = default) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.RequireUpdate(Weight, Gradient, Master, "Sgd");
        Shapes.Require(Velocity.HasValue ? Velocity.Fits(Weight) && Momentum is >= 0 and < 1 : Momentum == 0,
            $"Sgd: weight {Weight}, velocity {Velocity}, momentum {Momentum}");
        Shapes.Require(float.IsFinite(Rate) && float.IsFinite(Decay) && float.IsFinite(GradientFactor),
            $"Sgd: rate {Rate}, decay {Decay}, gradient factor {GradientFactor}");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Sgd"/>
    public static void Sgd(
        this IComputeBackend b, Weight weight, Matrix gradient, float rate, Matrix velocity = default, float momentum = 0, float decay = 0,
        float gradientFactor = 1, Matrix master = default) =>
        b.Run(new Sgd(weight, gradient, rate, velocity, momentum, decay, gradientFactor, master));
}
