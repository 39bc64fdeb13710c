using ILGPU;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ladder;

/// <summary>
/// y[t, o] = sum_i x[t, i] W[o, i], in bf16 with fp32 sums, from the first idea on. The last rung is the backend's own
/// <see cref="VlmSharp.Gpu.Kernels.Products.TiledProduct{TCore, TForm, TTile, TFormat}"/>. Shapes are multiples of the tiles: no tails
/// here.
/// </summary>
internal static class MatrixRungs
{
    private const int Threads = 256;

    /// <summary>A group's tile of y where a thread has one number of it: 16 x 16. Also the depth of a step.</summary>
    public const int Small = 16;

    /// <summary>A group's tile of y where a thread has 4 x 4 numbers of it: 64 x 64.</summary>
    public const int Large = 64;

    // A row of 16 numbers and one of padding: the 16 threads that read one number of 16 rows find them in different banks.
    private const int SmallPitch = Small + 1;

    // In fours: 64 numbers and four of padding, which halve the bank conflicts of writing.
    private const int LargePitch = Large / 4 + 1;

    /// <summary>A thread has one number of y. Grid: tiles of 16 columns, tiles of 16 rows.</summary>
    public static readonly Kernel<MatrixArgs> Thread = new("a thread has a number", ThreadHasNumber, Threads);

    /// <summary>The same, but the operands of the group go through shared memory, 16 deep at a time. The same grid.</summary>
    public static readonly Kernel<MatrixArgs> Tile = new("tiles in shared memory", GroupHasTile, Threads);

    /// <summary>A thread has 4 x 4 numbers of y, in registers. Grid: tiles of 64 columns, tiles of 64 rows.</summary>
    public static readonly Kernel<MatrixArgs> Square = new("a thread has 4 x 4 numbers", ThreadHasSquare, Threads);

    private static void ThreadHasNumber(MatrixArgs g)
    {
        int row = Grid.IdxY * Small + Group.IdxX / Small, column = Grid.IdxX * Small + Group.IdxX % Small;
        float sum = 0;
        for (int i = 0; i < g.Depth; i++) sum += Bits.Low(g.X[row * g.Depth + i]) * Bits.Low(g.W[column * g.Depth + i]);
        g.Y[row * g.Columns + column] = sum;
    }

    private static void GroupHasTile(MatrixArgs g)
    {
        ArrayView<float> x = SharedMemory.Allocate<float>(Small * SmallPitch); // [16, 16]
        ArrayView<float> w = SharedMemory.Allocate<float>(Small * SmallPitch);
        int down = Group.IdxX / Small, across = Group.IdxX % Small;
        int row = Grid.IdxY * Small + down, column = Grid.IdxX * Small + across;
        float sum = 0;
        for (int first = 0; first < g.Depth; first += Small)
        {
            // Each thread brings a number of x and one of W; 16 threads use each.
            x[down * SmallPitch + across] = Bits.Low(g.X[row * g.Depth + first + across]);
            w[down * SmallPitch + across] = Bits.Low(g.W[(Grid.IdxX * Small + down) * g.Depth + first + across]);
            Group.Barrier();
            for (int i = 0; i < Small; i++) sum += x[down * SmallPitch + i] * w[across * SmallPitch + i];
            Group.Barrier(); // the next step writes there
        }

        g.Y[row * g.Columns + column] = sum;
    }

    private static void ThreadHasSquare(MatrixArgs g)
    {
        // Transposed, so that four rows of x, and four of W, are one load.
        ArrayView<F4> x = SharedMemory.Allocate<F4>(Small * LargePitch), w = SharedMemory.Allocate<F4>(Small * LargePitch); // [16, 64 / 4]
        int down = Group.IdxX / 16, across = Group.IdxX % 16;
        F4 sums0 = default, sums1 = default, sums2 = default, sums3 = default; // a row of the square each
        for (int first = 0; first < g.Depth; first += Small)
        {
            Bring(g.X, Grid.IdxY * Large, g.Depth, first, x.Cast<float>());
            Bring(g.W, Grid.IdxX * Large, g.Depth, first, w.Cast<float>());
            Group.Barrier();
            for (int i = 0; i < Small; i++)
            {
                F4 rows = x[i * LargePitch + down], columns = w[i * LargePitch + across];
                sums0 = sums0.PlusTimes(rows.X, columns);
                sums1 = sums1.PlusTimes(rows.Y, columns);
                sums2 = sums2.PlusTimes(rows.Z, columns);
                sums3 = sums3.PlusTimes(rows.W, columns);
            }

            Group.Barrier(); // the next step writes there
        }

        ArrayView<F4> y = g.Y.Cast<F4>(); // [T, out / 4]
        int fours = g.Columns / 4, at = (Grid.IdxY * Large + down * 4) * fours + Grid.IdxX * Large / 4 + across;
        y[at] = sums0;
        y[at + fours] = sums1;
        y[at + 2 * fours] = sums2;
        y[at + 3 * fours] = sums3;
    }

    /// <summary>64 rows, 16 deep, to a transposed tile: each thread brings four numbers of a row, four threads a row's sector.</summary>
    private static void Bring(ArrayView<ushort> matrix, int firstRow, int depth, int first, ArrayView<float> tile)
    {
        int row = Group.IdxX / 4, four = Group.IdxX % 4, pitch = LargePitch * 4;
        U2 numbers = matrix.Cast<U2>()[((firstRow + row) * depth + first) / 4 + four];
        tile[four * 4 * pitch + row] = Bits.Low(numbers.X);
        tile[(four * 4 + 1) * pitch + row] = Bits.High(numbers.X);
        tile[(four * 4 + 2) * pitch + row] = Bits.Low(numbers.Y);
        tile[(four * 4 + 3) * pitch + row] = Bits.High(numbers.Y);
    }
}

/// <summary>Arguments of a matrix times a matrix transposed.</summary>
internal struct MatrixArgs
{
    public ArrayView<ushort> X, W; // [T, in], [out, in], bf16
    public ArrayView<float> Y; // [T, out]
    public int Depth, Columns; // in, out
}
