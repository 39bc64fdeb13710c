using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Optimizers;

/// <summary>AdamW, as the operator <see cref="AdamW"/> defines it: two fp32 moments for each number.</summary>
/// <inheritdoc cref="Optimizer(IComputeBackend, IReadOnlyList{Parameter}, OptimizerSettings)"/>
public sealed class AdamWOptimizer(IComputeBackend backend, IReadOnlyList<Parameter> parameters, OptimizerSettings settings)
    : Optimizer(backend, parameters, settings)
{
    /// <inheritdoc/>
    public override string Name => "adamw";

    private protected override StateMatrix[] Describe(Parameter parameter) => Moments(parameter);

    private protected override void Update(Parameter parameter, StateMatrix[] states, in StepRates step) =>
        Backend.AdamW(parameter.Weight, parameter.Gradient, states[0].Matrix, states[1].Matrix, step.ToAdam(Settings), parameter.Master);

    /// <summary>Both moments in fp32, under PyTorch's names.</summary>
    internal static StateMatrix[] Moments(Parameter parameter)
    {
        var shape = new MatrixShape(parameter.Weight.Rows, parameter.Weight.Columns);
        return [new("exp_avg", shape), new("exp_avg_sq", shape)];
    }
}
