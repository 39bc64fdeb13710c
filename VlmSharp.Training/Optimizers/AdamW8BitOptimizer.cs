using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// AdamW with 8-bit moments, as the operator <see cref="AdamW8Bit"/> defines it. Parameters of fewer than 4,096 numbers keep fp32 moments,
/// as in bitsandbytes: they cost little memory, and gains and biases are the most sensitive parameters.
/// </summary>
/// <inheritdoc cref="Optimizer(IComputeBackend, IReadOnlyList{Parameter}, OptimizerSettings)"/>
public sealed class AdamW8BitOptimizer(IComputeBackend backend, IReadOnlyList<Parameter> parameters, OptimizerSettings settings)
    : Optimizer(backend, parameters, settings)
{
    private const int LeastLength = 4096;

    /// <inheritdoc/>
    public override string Name => "adamw8bit";

    private protected override StateMatrix[] Describe(Parameter parameter)
    {
        if (parameter.Length < LeastLength) return AdamWOptimizer.Moments(parameter);
        MatrixShape codes = AdamW8Bit.CodesOf(parameter.Length), scales = AdamW8Bit.ScalesOf(parameter.Length);
        return
        [
            new("exp_avg", codes, AreBytes: true), new("exp_avg.absmax", scales), new("exp_avg_sq", codes, AreBytes: true),
            new("exp_avg_sq.absmax", scales),
        ];
    }

    private protected override void Update(Parameter parameter, StateMatrix[] states, in StepRates step)
    {
        AdamStep adam = step.ToAdam(Settings);
        if (states.Length == 2)
            Backend.AdamW(parameter.Weight, parameter.Gradient, states[0].Matrix, states[1].Matrix, adam, parameter.Master);
        else Backend.AdamW8Bit(
            parameter.Weight,
            parameter.Gradient,
            states[0].Matrix,
            states[1].Matrix,
            states[2].Matrix,
            states[3].Matrix,
            adam,
            parameter.Master);
    }
}
