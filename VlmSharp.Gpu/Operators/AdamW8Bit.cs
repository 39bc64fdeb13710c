using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Elements;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<AdamW8Bit>
{
    private const int CodeThreads = AdamW8Bit.BlockLength / 4;

    private static readonly Kernel<AdamW8BitArgs> AdamW8BitKernel = new("AdamW8Bit", AdamW8BitBlock, CodeThreads);

    /// <summary>AdamW on blocks of 256 numbers. The moments are read from codes and written back as codes.</summary>
    public Matrix Run(in AdamW8Bit op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient);
        Launch(AdamW8BitKernel, new LaunchGrid(op.FirstScales.Columns), new AdamW8BitArgs
        {
            Weight = WeightTarget.Of(op.Weight.OnDevice(), op.Master),
            Gradient = gradient.Floats(),
            FirstCodes = op.FirstCodes.Floats().Cast<uint>(),
            SecondCodes = op.SecondCodes.Floats().Cast<uint>(),
            FirstScales = op.FirstScales.Floats(),
            SecondScales = op.SecondScales.Floats(),
            First = new CodeMap { Values = context.Maps.SubView(0, CodeMap.Length) },
            Second = new CodeMap { Values = context.Maps.SubView(CodeMap.Length, CodeMap.Length) },
            Step = AdamNumbers.Of(op.Step),
        });
        return default;
    }

    /// <summary>A group has one block; a thread has four numbers, whose codes form one word.</summary>
    private static void AdamW8BitBlock(AdamW8BitArgs g)
    {
        long word = (long)Grid.IdxX * CodeThreads + Group.IdxX, at = word * 4;
        int count = (int)IntrinsicMath.Clamp(g.Gradient.Length - at, 0, 4);
        uint firstCodes = count > 0 ? g.FirstCodes[word] : 0, secondCodes = count > 0 ? g.SecondCodes[word] : 0;
        F4 m = g.First.Numbers(firstCodes, g.FirstScales[Grid.IdxX]), v = g.Second.Numbers(secondCodes, g.SecondScales[Grid.IdxX]);
        F4 gradient = new()
        {
            X = Factored(g, at, count, 0),
            Y = Factored(g, at, count, 1),
            Z = Factored(g, at, count, 2),
            W = Factored(g, at, count, 3),
        };
        m = Moved(m, g.Step.Beta1, gradient, g.Step.NewFirst, count);
        v = Moved(v, g.Step.Beta2, gradient.Times(gradient), g.Step.NewSecond, count);
        Update(g, at, count, 0, m.X, v.X);
        Update(g, at, count, 1, m.Y, v.Y);
        Update(g, at, count, 2, m.Z, v.Z);
        Update(g, at, count, 3, m.W, v.W);

        float firstLargest = TCore.Max(Largest(m)), secondLargest = TCore.Max(Largest(v));
        if (Group.IdxX == 0)
        {
            g.FirstScales[Grid.IdxX] = firstLargest; // all threads have read the old ones
            g.SecondScales[Grid.IdxX] = secondLargest;
        }

        if (count == 0) return;
        g.FirstCodes[word] = g.First.Codes(m, firstLargest, count);
        g.SecondCodes[word] = g.Second.Codes(v, secondLargest, count);
    }

    private static float Factored(in AdamW8BitArgs g, long at, int count, int i) => i < count ? g.Step.Factor * g.Gradient[at + i] : 0;

    /// <summary>beta x + (1 - beta) y; 0 for numbers that do not exist.</summary>
    private static F4 Moved(F4 x, float stays, F4 y, float comes, int count) => new()
    {
        X = count > 0 ? stays * x.X + comes * y.X : 0,
        Y = count > 1 ? stays * x.Y + comes * y.Y : 0,
        Z = count > 2 ? stays * x.Z + comes * y.Z : 0,
        W = count > 3 ? stays * x.W + comes * y.W : 0,
    };

    private static void Update(in AdamW8BitArgs g, long at, int count, int i, float m, float v)
    {
        if (i < count) g.Weight.Set(at + i, g.Step.Moved(g.Weight.Get(at + i), m, v));
    }

    private static float Largest(F4 x) => IntrinsicMath.Max(
        IntrinsicMath.Max(IntrinsicMath.Abs(x.X), IntrinsicMath.Abs(x.Y)),
        IntrinsicMath.Max(IntrinsicMath.Abs(x.Z), IntrinsicMath.Abs(x.W)));

    internal struct AdamW8BitArgs
    {
        public WeightTarget Weight; // [out, in]
        public ArrayView<float> Gradient; // [out, in]
        public ArrayView<uint> FirstCodes, SecondCodes; // [ceil(n / 4)]
        public ArrayView<float> FirstScales, SecondScales; // [ceil(n / 256)]
        public CodeMap First, Second;
        public AdamNumbers Step;
    }
}
