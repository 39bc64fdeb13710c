using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Sampling;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Dropout>
{
    private static readonly Kernel<DropoutArgs> DropoutKernel = new("Dropout", DropoutFour, ElementThreads);

    /// <summary>y_i = x_i / (1 - rate) where word_i of the key is not below rate * 2^32, else 0.</summary>
    public Matrix Run(in Dropout op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        Matrix y = Allocate(shape); // [T, F]
        Launch(DropoutKernel, Elements((y.Length + 3) / 4), new DropoutArgs
        {
            X = x.Floats(),
            Y = y.Floats(),
            KeyLow = (uint)op.Key,
            KeyHigh = (uint)(op.Key >> 32),
            Threshold = op.Threshold,
            Kept = 1 / (1 - op.Rate),
        });
        return y;
    }

    /// <summary>A thread has four numbers: a block of random words.</summary>
    private static void DropoutFour(DropoutArgs g)
    {
        long four = ElementIndex, first = four * 4;
        if (first >= g.Y.Length) return;
        U4 words = Philox.Block(four, g.KeyLow, g.KeyHigh);
        F4 factors = new()
        {
            X = words.X >= g.Threshold ? g.Kept : 0,
            Y = words.Y >= g.Threshold ? g.Kept : 0,
            Z = words.Z >= g.Threshold ? g.Kept : 0,
            W = words.W >= g.Threshold ? g.Kept : 0,
        };
        if (first + 4 <= g.Y.Length)
        {
            F4 x = g.X.Cast<F4>()[four];
            g.Y.Cast<F4>()[four] = x.Times(factors);
            return;
        }

        for (int i = 0; first + i < g.Y.Length; i++) g.Y[first + i] = g.X[first + i] * factors.At(i);
    }

    internal struct DropoutArgs
    {
        public ArrayView<float> X, Y; // [T, F]
        public uint KeyLow, KeyHigh, Threshold;
        public float Kept;
    }
}
