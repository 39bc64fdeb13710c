using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Sgd>
{
    private static readonly Kernel<SgdArgs> SgdKernel = new("Sgd", SgdElement, ElementThreads);

    /// <summary>g = factor G + decay W;  u = momentum u + g;  W = W - rate u.</summary>
    public Matrix Run(in Sgd op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient);
        Launch(SgdKernel, Elements(gradient.Length), new SgdArgs
        {
            Weight = WeightTarget.Of(op.Weight.OnDevice(), op.Master),
            Gradient = gradient.Floats(),
            Velocity = op.Velocity.OptionalFloats(),
            Rate = op.Rate,
            Momentum = op.Momentum,
            Decay = op.Decay,
            Factor = op.GradientFactor,
        });
        return default;
    }

    /// <summary>A thread has one number.</summary>
    private static void SgdElement(SgdArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Gradient.Length) return;
        float w = g.Weight.Get(i), u = g.Factor * g.Gradient[i] + g.Decay * w;
        if (g.Velocity.Length > 0)
        {
            u += g.Momentum * g.Velocity[i];
            g.Velocity[i] = u;
        }

        g.Weight.Set(i, w - g.Rate * u);
    }

    internal struct SgdArgs
    {
        public WeightTarget Weight; // [out, in]
        public ArrayView<float> Gradient, Velocity; // [out, in]; the second may be empty
        public float Rate, Momentum, Decay, Factor;
    }
}
