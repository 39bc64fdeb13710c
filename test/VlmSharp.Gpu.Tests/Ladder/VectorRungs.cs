using ILGPU;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ladder;

/// <summary>
/// y[o] = sum_i W[o, i] x[i], in bf16 with fp32 sums, from the first idea on. The last rung is the backend's own
/// <see cref="VlmSharp.Gpu.Kernels.Products.RowProduct{TCore, TFormat}"/>.
/// </summary>
internal static class VectorRungs
{
    private const int Threads = 128;

    /// <summary>A thread has a row and goes along it number by number. Grid: out / 32 groups of 32 threads.</summary>
    public static readonly Kernel<VectorArgs> Thread = new("a thread has a row", ThreadHasRow, 32);

    /// <summary>A group has a row, its thread t the numbers t, t + 128, ...: neighbors read neighbors. Grid: out groups.</summary>
    public static readonly Kernel<VectorArgs> Row = new("a group has a row", GroupHasRow, Threads);

    /// <summary>The same with chunks of eight numbers in place of numbers. Grid: out groups.</summary>
    public static readonly Kernel<VectorArgs> Chunk = new("16-byte loads", GroupHasRowOfChunks, Threads);

    private static void ThreadHasRow(VectorArgs g)
    {
        int row = Grid.GlobalIndex.X;
        float sum = 0;
        for (int i = 0; i < g.Columns; i++) sum += Bits.Low(g.W[row * g.Columns + i]) * Bits.Low(g.X[i]);
        g.Y[row] = sum;
    }

    private static void GroupHasRow(VectorArgs g)
    {
        int row = Grid.IdxX;
        float sum = 0;
        for (int i = Group.IdxX; i < g.Columns; i += Threads) sum += Bits.Low(g.W[row * g.Columns + i]) * Bits.Low(g.X[i]);
        sum = TensorCore.Sum(sum);
        if (Group.IdxX == 0) g.Y[row] = sum;
    }

    private static void GroupHasRowOfChunks(VectorArgs g)
    {
        ArrayView<U4> w = g.W.Cast<U4>(), x = g.X.Cast<U4>(); // [out, in / 8], [in / 8]
        int row = Grid.IdxX, chunks = g.Columns / 8;
        float sum = 0;
        for (int c = Group.IdxX; c < chunks; c += Threads) sum += Bits.Widen(w[row * chunks + c]).Dot(Bits.Widen(x[c]));
        sum = TensorCore.Sum(sum);
        if (Group.IdxX == 0) g.Y[row] = sum;
    }
}

/// <summary>Arguments of a matrix times a vector.</summary>
internal struct VectorArgs
{
    public ArrayView<ushort> W, X; // [out, in], [in], bf16
    public ArrayView<float> Y; // [out]
    public int Columns; // in: a multiple of 8
}
