using ILGPU;
using ILGPU.Algorithms;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AdamW>
{
    private static readonly Kernel<AdamWArgs> AdamWKernel = new("AdamW", AdamWElement, ElementThreads);

    /// <summary>W = (1 - decay) W - rate m' / (sqrt(v') + epsilon); m and v are first moved toward g and g^2.</summary>
    public Matrix Run(in AdamW op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient);
        Launch(AdamWKernel, Elements(gradient.Length), new AdamWArgs
        {
            Weight = WeightTarget.Of(op.Weight.OnDevice(), op.Master),
            Gradient = gradient.Floats(),
            First = op.First.Floats(),
            Second = op.Second.Floats(),
            Step = AdamNumbers.Of(op.Step),
        });
        return default;
    }

    /// <summary>A thread has one number.</summary>
    private static void AdamWElement(AdamWArgs g)
    {
        long i = ElementIndex;
        if (i >= g.Gradient.Length) return;
        float gradient = g.Step.Factor * g.Gradient[i];
        float m = g.Step.Beta1 * g.First[i] + g.Step.NewFirst * gradient;
        float v = g.Step.Beta2 * g.Second[i] + g.Step.NewSecond * (gradient * gradient);
        g.First[i] = m;
        g.Second[i] = v;
        g.Weight.Set(i, g.Step.Moved(g.Weight.Get(i), m, v));
    }

    internal struct AdamWArgs
    {
        public WeightTarget Weight; // [out, in]
        public ArrayView<float> Gradient, First, Second; // [out, in]
        public AdamNumbers Step;
    }
}

/// <summary>The numbers of a step of Adam in fp32.</summary>
internal struct AdamNumbers
{
    public float Factor, Beta1, Beta2, NewFirst, NewSecond, Shrink, StepSize, RootFactor, Epsilon;

    public static AdamNumbers Of(in AdamStep step) => new()
    {
        Factor = (float)step.GradientFactor,
        Beta1 = (float)step.Beta1,
        Beta2 = (float)step.Beta2,
        NewFirst = step.NewFirst,
        NewSecond = step.NewSecond,
        Shrink = step.Shrink,
        StepSize = step.StepSize,
        RootFactor = step.RootFactor,
        Epsilon = (float)step.Epsilon,
    };

    /// <summary>(1 - decay) W - rate m' / (sqrt(v') + epsilon).</summary>
    public readonly float Moved(float w, float m, float v) => Shrink * w - StepSize * m / (XMath.Sqrt(v) * RootFactor + Epsilon);
}
