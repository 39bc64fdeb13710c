using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// Stochastic gradient descent, as the operator <see cref="Sgd"/> defines it; its state is a velocity if there is momentum, otherwise
/// empty.
/// </summary>
/// <inheritdoc cref="Optimizer(IComputeBackend, IReadOnlyList{Parameter}, OptimizerSettings)"/>
public sealed class SgdOptimizer(IComputeBackend backend, IReadOnlyList<Parameter> parameters, OptimizerSettings settings)
    : Optimizer(backend, parameters, settings)
{
    /// <inheritdoc/>
    public override string Name => "sgd";

    private protected override StateMatrix[] Describe(Parameter parameter) =>
        Settings.Momentum > 0 ? [new("momentum_buffer", new MatrixShape(parameter.Weight.Rows, parameter.Weight.Columns))] : [];

    private protected override void Update(Parameter parameter, StateMatrix[] states, in StepRates step) => Backend.Sgd(
        parameter.Weight, parameter.Gradient, (float)step.Rate,
        states.Length > 0 ? states[0].Matrix : default, (float)Settings.Momentum, (float)step.Decay,
        (float)step.GradientFactor, parameter.Master);
}
