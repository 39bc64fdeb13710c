using ILGPU;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Elements;

/// <summary>
/// y_i = f(a_i, b_i, c_i). Reading and writing takes all the time. A thread has four numbers, one load of each matrix.
/// </summary>
internal static class Elementwise<TFunction> where TFunction : struct, IElementFunction
{
    private const int Threads = 128;

    public static readonly Kernel<ElementArgs> Kernel = new(TFunction.Name, Run, Threads);

    /// <summary>The groups needed for a count of numbers.</summary>
    public static LaunchGrid Groups(long count) => new((int)((count + 4 * Threads - 1) / (4 * Threads)));

    private static void Run(ElementArgs g)
    {
        long four = (long)Grid.IdxX * Threads + Group.IdxX, first = four * 4;
        if (first + 4 <= g.Y.Length)
        {
            F4 one = new() { X = 1, Y = 1, Z = 1, W = 1 }, a = g.A.Cast<F4>()[four];
            F4 b = g.B.Length > 0 ? g.B.Cast<F4>()[four] : one, c = g.C.Length > 0 ? g.C.Cast<F4>()[four] : one;
            g.Y.Cast<F4>()[four] = new F4
            {
                X = TFunction.Of(a.X, b.X, c.X, g.Constant),
                Y = TFunction.Of(a.Y, b.Y, c.Y, g.Constant),
                Z = TFunction.Of(a.Z, b.Z, c.Z, g.Constant),
                W = TFunction.Of(a.W, b.W, c.W, g.Constant),
            };
            return;
        }

        for (long i = first; i < g.Y.Length; i++)
            g.Y[i] = TFunction.Of(g.A[i], g.B.Length > 0 ? g.B[i] : 1, g.C.Length > 0 ? g.C[i] : 1, g.Constant);
    }
}

/// <summary>Arguments of an elementwise function.</summary>
internal struct ElementArgs
{
    public ArrayView<float> A, B, C, Y; // [T, F] each; B and C may be empty
    public float Constant;
}
