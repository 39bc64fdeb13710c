using ILGPU;
using ILGPU.Runtime.Cuda;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Kernels.Limits;

/// <summary>Kernels that do one thing as fast as the device can: read, copy, multiply and add.</summary>
internal static class LimitKernels
{
    public const int Threads = 256;

    /// <summary>Groups of memory kernels that run on a multiprocessor at a time: 2048 threads.</summary>
    public const int GroupsPerProcessor = 8;

    /// <summary>Groups of arithmetic kernels, whose threads need more registers: 1024 threads.</summary>
    public const int ArithmeticGroupsPerProcessor = 4;

    /// <summary>Independent chains of multiply-adds in a thread.</summary>
    public const int Chains = 16;

    /// <summary>Matrix instructions of a warp in one step, each for 16 x 8 sums of 16 products.</summary>
    public const int Squares = 8;

    public const int SquareFlops = 2 * 16 * 8 * 16;

    public static readonly Kernel<MemoryArgs> Read = new("limit: read", ReadChunks, Threads, GroupsPerProcessor);
    public static readonly Kernel<MemoryArgs> Copy = new("limit: copy", CopyChunks, Threads, GroupsPerProcessor);
    public static readonly Kernel<ArithmeticArgs>
        MultiplyAdds = new("limit: multiply-adds", MultiplyAdd, Threads, ArithmeticGroupsPerProcessor),
        Matrices = new("limit: matrix instructions", MultiplySquares, Threads, ArithmeticGroupsPerProcessor);

    /// <summary>All kernels that a device can load.</summary>
    public static IReadOnlyList<Kernel> All(bool hasTensorCores) =>
        hasTensorCores ? [Read, Copy, MultiplyAdds, Matrices] : [Read, Copy, MultiplyAdds];

    /// <summary>sums[thread] = the sum of the words that the thread reads. Four loads overlap.</summary>
    private static void ReadChunks(MemoryArgs g)
    {
        long stride = (long)Grid.DimX * Threads, thread = (long)Grid.IdxX * Threads + Group.IdxX;
        uint a = 0, b = 0, c = 0, d = 0;
        for (long i = thread; i < g.Count; i += 4 * stride)
        {
            U4 x = g.X[i], y = g.X[i + stride], z = g.X[i + 2 * stride], w = g.X[i + 3 * stride];
            a += x.X + x.Y + (x.Z + x.W);
            b += y.X + y.Y + (y.Z + y.W);
            c += z.X + z.Y + (z.Z + z.W);
            d += w.X + w.Y + (w.Z + w.W);
        }

        g.Sums[thread] = a + b + (c + d);
    }

    /// <summary>y[i] = x[i].</summary>
    private static void CopyChunks(MemoryArgs g)
    {
        long stride = (long)Grid.DimX * Threads, thread = (long)Grid.IdxX * Threads + Group.IdxX;
        for (long i = thread; i < g.Count; i += 4 * stride)
        {
            U4 x = g.X[i], y = g.X[i + stride], z = g.X[i + 2 * stride], w = g.X[i + 3 * stride];
            g.Y[i] = x;
            g.Y[i + stride] = y;
            g.Y[i + 2 * stride] = z;
            g.Y[i + 3 * stride] = w;
        }
    }

    /// <summary>s = s * x + y, repeated, in <see cref="Chains"/> chains.</summary>
    private static void MultiplyAdd(ArithmeticArgs g)
    {
        float x = g.Scale;
        F4 y = new() { X = g.Shift, Y = g.Shift, Z = g.Shift, W = g.Shift };
        F4 a = y.Times(y), b = y.Plus(a), c = b.Plus(a), d = c.Plus(a);
        for (int step = 0; step < g.Steps; step++)
        {
            a = y.PlusTimes(x, a);
            b = y.PlusTimes(x, b);
            c = y.PlusTimes(x, c);
            d = y.PlusTimes(x, d);
        }

        F4 sum = a.Plus(b).Plus(c.Plus(d));
        g.Sums[Grid.IdxX * Threads + Group.IdxX] = sum.X + sum.Y + (sum.Z + sum.W);
    }

    private const string Mma = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";

    private const string FirstRow =
        Mma + "{acc0,acc1,acc2,acc3}, {ra0,ra1,ra2,ra3}, {rb0,rb1}, {acc0,acc1,acc2,acc3};\n"
        + Mma + "{acc4,acc5,acc6,acc7}, {ra0,ra1,ra2,ra3}, {rb2,rb3}, {acc4,acc5,acc6,acc7};\n"
        + Mma + "{acc8,acc9,acc10,acc11}, {ra0,ra1,ra2,ra3}, {rb4,rb5}, {acc8,acc9,acc10,acc11};\n"
        + Mma + "{acc12,acc13,acc14,acc15}, {ra0,ra1,ra2,ra3}, {rb6,rb7}, {acc12,acc13,acc14,acc15};\n";

    private const string SecondRow =
        Mma + "{acc16,acc17,acc18,acc19}, {ra4,ra5,ra6,ra7}, {rb0,rb1}, {acc16,acc17,acc18,acc19};\n"
        + Mma + "{acc20,acc21,acc22,acc23}, {ra4,ra5,ra6,ra7}, {rb2,rb3}, {acc20,acc21,acc22,acc23};\n"
        + Mma + "{acc24,acc25,acc26,acc27}, {ra4,ra5,ra6,ra7}, {rb4,rb5}, {acc24,acc25,acc26,acc27};\n"
        + Mma + "{acc28,acc29,acc30,acc31}, {ra4,ra5,ra6,ra7}, {rb6,rb7}, {acc28,acc29,acc30,acc31};\n";

    private const string AddAll =
        """
        add.f32 acc0, acc0, acc1; add.f32 acc2, acc2, acc3; add.f32 acc4, acc4, acc5; add.f32 acc6, acc6, acc7;
        add.f32 acc8, acc8, acc9; add.f32 acc10, acc10, acc11; add.f32 acc12, acc12, acc13; add.f32 acc14, acc14, acc15;
        add.f32 acc16, acc16, acc17; add.f32 acc18, acc18, acc19; add.f32 acc20, acc20, acc21; add.f32 acc22, acc22, acc23;
        add.f32 acc24, acc24, acc25; add.f32 acc26, acc26, acc27; add.f32 acc28, acc28, acc29; add.f32 acc30, acc30, acc31;
        add.f32 acc0, acc0, acc2; add.f32 acc4, acc4, acc6; add.f32 acc8, acc8, acc10; add.f32 acc12, acc12, acc14;
        add.f32 acc16, acc16, acc18; add.f32 acc20, acc20, acc22; add.f32 acc24, acc24, acc26; add.f32 acc28, acc28, acc30;
        add.f32 acc0, acc0, acc4; add.f32 acc8, acc8, acc12; add.f32 acc16, acc16, acc20; add.f32 acc24, acc24, acc28;
        add.f32 acc0, acc0, acc8; add.f32 acc16, acc16, acc24; add.f32 acc0, acc0, acc16;
        """;

    /// <summary>
    /// 2 x 4 squares of 16 x 8 sums; each repeatedly adds A B to itself. A lane takes 8 words of A and 8 of B from <see
    /// cref="ArithmeticArgs.Numbers"/>, two bf16 numbers each.
    /// </summary>
    private static void MultiplySquares(ArithmeticArgs g)
    {
        CudaAsm.Emit(".reg .f32 acc<32>; .reg .b32 ra<8>; .reg .b32 rb<8>;");
        ArrayView<U4> own = g.Numbers.SubView((Group.IdxX & 31) * 4, 4);
        U4 a = own[0], lower = own[1], b = own[2], right = own[3];
        CudaAsm.Emit("mov.b32 ra0, %0; mov.b32 ra1, %1; mov.b32 ra2, %2; mov.b32 ra3, %3;", a.X, a.Y, a.Z, a.W);
        CudaAsm.Emit("mov.b32 ra4, %0; mov.b32 ra5, %1; mov.b32 ra6, %2; mov.b32 ra7, %3;", lower.X, lower.Y, lower.Z, lower.W);
        CudaAsm.Emit("mov.b32 rb0, %0; mov.b32 rb1, %1; mov.b32 rb2, %2; mov.b32 rb3, %3;", b.X, b.Y, b.Z, b.W);
        CudaAsm.Emit("mov.b32 rb4, %0; mov.b32 rb5, %1; mov.b32 rb6, %2; mov.b32 rb7, %3;", right.X, right.Y, right.Z, right.W);
        CudaAsm.Emit(Zeros);
        for (int step = 0; step < g.Steps; step++)
            CudaAsm.Emit(FirstRow + SecondRow);

        CudaAsm.Emit(AddAll);
        CudaAsm.Emit("mov.f32 %0, acc0;", out g.Sums[Grid.IdxX * Threads + Group.IdxX]);
    }

    private const string Zeros =
        """
        mov.f32 acc0, 0f00000000; mov.f32 acc1, 0f00000000; mov.f32 acc2, 0f00000000; mov.f32 acc3, 0f00000000;
        mov.f32 acc4, 0f00000000; mov.f32 acc5, 0f00000000; mov.f32 acc6, 0f00000000; mov.f32 acc7, 0f00000000;
        mov.f32 acc8, 0f00000000; mov.f32 acc9, 0f00000000; mov.f32 acc10, 0f00000000; mov.f32 acc11, 0f00000000;
        mov.f32 acc12, 0f00000000; mov.f32 acc13, 0f00000000; mov.f32 acc14, 0f00000000; mov.f32 acc15, 0f00000000;
        mov.f32 acc16, 0f00000000; mov.f32 acc17, 0f00000000; mov.f32 acc18, 0f00000000; mov.f32 acc19, 0f00000000;
        mov.f32 acc20, 0f00000000; mov.f32 acc21, 0f00000000; mov.f32 acc22, 0f00000000; mov.f32 acc23, 0f00000000;
        mov.f32 acc24, 0f00000000; mov.f32 acc25, 0f00000000; mov.f32 acc26, 0f00000000; mov.f32 acc27, 0f00000000;
        mov.f32 acc28, 0f00000000; mov.f32 acc29, 0f00000000; mov.f32 acc30, 0f00000000; mov.f32 acc31, 0f00000000;
        """;

    internal struct MemoryArgs
    {
        public ArrayView<U4> X, Y; // [n] chunks of 16 bytes
        public ArrayView<uint> Sums; // [threads]
        public long Count; // n, a multiple of 4 times the threads
    }

    internal struct ArithmeticArgs
    {
        public ArrayView<U4> Numbers; // [32 lanes, 4]: two fragments of A, four of B
        public ArrayView<float> Sums; // [threads]
        public float Scale, Shift;
        public int Steps;
    }
}
