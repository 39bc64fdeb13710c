using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// One tensor-core product, 16 x 16 by 16 x 8, with operands from asynchronous copies, and the faults that are noticed if it is
/// broken.
/// </summary>
public class MatrixProductTests
{
    private const int M = 16, N = 8, K = 16;

    internal struct Args
    {
        /// <summary>[16, 16] of bf16, 16 bytes an element; and its address.</summary>
        public ArrayView<U4> X;
        public long XAddress;

        /// <summary>[8, 16] of bf16.</summary>
        public ArrayView<U4> W;
        public long WAddress;

        /// <summary>[16, 8].</summary>
        public ArrayView<float> Y;
    }

    private static readonly Kernel<Args> Product = new("product", Multiply, 32);

    /// <summary>
    /// Chunks of 8 numbers are ordered by column, then row, so those of one 8 x 8 matrix are contiguous. W begins at byte 512.
    /// </summary>
    private static void Multiply(Args g)
    {
        SharedMemory.GetDynamic<U4>();
        CudaAsm.Emit(".reg .b32 smem; .reg .b32 x<4>; .reg .b32 w<2>; .reg .f32 sum<4>; mov.u32 smem, __dyn_shared_alloca;");
        CudaAsm.Emit("mov.f32 sum0, 0f00000000; mov.f32 sum1, 0f00000000; mov.f32 sum2, 0f00000000; mov.f32 sum3, 0f00000000;");
        int lane = Group.IdxX, row = lane / 2, chunk = lane % 2;
        Copy((chunk * M + row) * 16, g.XAddress + lane * 16);
        if (lane < 16) Copy(512 + (chunk * N + row) * 16, g.WAddress + lane * 16);
        CudaAsm.Emit("cp.async.commit_group;");
        CudaAsm.Emit("cp.async.wait_group 0;");
        Group.Barrier();
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, smem, %0; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {x0,x1,x2,x3}, [t]; }", lane * 16);
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, smem, %0; ldmatrix.sync.aligned.m8n8.x2.shared.b16 {w0,w1}, [t+512]; }", lane % 16 * 16);
        CudaAsm.Emit("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            + "{sum0,sum1,sum2,sum3}, {x0,x1,x2,x3}, {w0,w1}, {sum0,sum1,sum2,sum3};");
        int at = lane / 4 * N + lane % 4 * 2;
        CudaAsm.Emit("mov.f32 %0, sum0;", out g.Y[at]);
        CudaAsm.Emit("mov.f32 %0, sum1;", out g.Y[at + 1]);
        CudaAsm.Emit("mov.f32 %0, sum2;", out g.Y[at + 8 * N]);
        CudaAsm.Emit("mov.f32 %0, sum3;", out g.Y[at + 8 * N + 1]);
    }

    private static void Copy(int target, long source) =>
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, smem, %0; cp.async.cg.shared.global [t], [%1], 16, 16; }", target, source);

    /// <summary>Small integers: every product and sum is exact.</summary>
    private static float X(int row, int k) => (row * 7 + k * 3) % 11 - 5;

    private static float W(int column, int k) => (column * 5 + k * 2) % 9 - 4;

    private static U4[] Pack(int rows, Func<int, int, float> value)
    {
        uint Pair(int row, int k) => Bits.Pack(value(row, k), value(row, k + 1));
        U4 Chunk(int row, int k) => new() { X = Pair(row, k), Y = Pair(row, k + 2), Z = Pair(row, k + 4), W = Pair(row, k + 6) };
        return [.. Enumerable.Range(0, rows * K / 8).Select(i => Chunk(i / 2, i % 2 * 8))];
    }

    /// <summary>Runs the kernel or another program in its place, and returns the fault, or null.</summary>
    private static string? Run(string? ptx)
    {
        using var device = new PtxDevice();
        if (ptx is not null) device.Replace(Product, ptx);
        using var x = device.Accelerator.Allocate1D(Pack(M, X));
        using var w = device.Accelerator.Allocate1D(Pack(N, W));
        using var y = device.Accelerator.Allocate1D<float>(M * N);
        var args = new Args { X = x.View, XAddress = x.NativePtr, W = w.View, WAddress = w.NativePtr, Y = y.View };
        device.Launch(Product, new LaunchGrid(1, SharedBytes: (M + N) * K * 2), args);
        float[] results = y.GetAsArray1D();
        for (int i = 0; i < M * N; i++)
        {
            float expected = Enumerable.Range(0, K).Sum(k => X(i / N, k) * W(i % N, k));
            if (results[i] != expected) return $"element {i} is {results[i]}, not {expected}";
        }

        Assert.Equal(0, device.Reports[Product].ExtraPasses);
        Assert.Equal(1, device.Reports[Product].Count("mma"));
        return null;
    }

    [Fact]
    public void The_product_is_right() => Assert.Null(Run(null));

    private static string Declare(string ptx) =>
        ptx.Replace(".reg .b32 smem;", ".reg .b32 smem; .reg .pred never; setp.eq.s32 never, 0, 1;", StringComparison.Ordinal);

    [Fact]
    public void Every_mutant_is_noticed()
    {
        string ptx = PtxCompiler.Compile(Product);
        Mutant[] mutants =
        [
            Mutant.Replace("cp.async.wait_group 0;", ""),
            Mutant.Replace("cp.async.wait_group 0;", "cp.async.wait_group 1;"),
            Mutant.Replace("cp.async.commit_group;", ""),
            Mutant.ReplaceMatch(@"bar\.sync\s+0;", ""),
            Mutant.Replace("{w0,w1}, {sum0", "{w1,w0}, {sum0"),
            Mutant.Replace("{x0,x1,x2,x3}, {w0", "{x0,x2,x1,x3}, {w0"),
            Mutant.Replace("[t+512]", "[t+528]"),
            Mutant.Replace("[t+512]", "[t+256]"),
            Mutant.Replace("m8n8.x2.shared", "m8n8.x2.trans.shared"),
            Mutant.Replace("m8n8.x4.shared", "m8n8.x4.trans.shared"),
            Mutant.Replace("16, 16;", "16, 8;", 0),
            Mutant.Replace("mov.f32 sum2, 0f00000000;", ""),
            Mutant.Replace("sum1;", "sum0;"),
            // A copy whose target lies elsewhere; one that does not happen.
            .. Mutant.Each(ptx, "[t], [", "[t+256], ["),
            .. Mutant.Each(ptx, "cp.async.cg", "@never cp.async.cg").Select(m => m with { Break = p => Declare(m.Break(p)) }),
        ];
        Assert.True(mutants.Length >= 13);
        foreach (Mutant mutant in mutants) Assert.True(mutant.Notice(ptx, Run) is not null, "not noticed: " + mutant.Name);
    }

    [Fact]
    public void The_lint_sees_registers_loads_and_memory()
    {
        PtxLint lint = PtxLint.Of(Product);
        Assert.InRange(lint.LiveRegisters, 12, 40);
        Assert.False(lint.UsesLocalMemory);
        Assert.Empty(lint.GlobalLoads);
        Assert.Equal(0, lint.StaticSharedBytes);
    }

    [Fact]
    public void The_lint_counts_what_is_alive_at_once()
    {
        const string Text = """
            .version 8.0
            .visible .entry K(.param .b64 p)
            {
                .shared .align 4 .b8 s[512];
                .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %d<3>;
                ld.param.b64 %d0, [p];
                ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%d0];
                add.u32 %r4, %r0, %r1;
                add.u32 %r5, %r2, %r3;
                add.u32 %r6, %r4, %r5;
                ld.global.b16 %r7, [%d0];
                st.global.b32 [%d0], %r6;
                ret;
            }
            """;
        PtxLint lint = PtxLint.Of(Text);
        Assert.Equal(6, lint.LiveRegisters); // four words and the address
        Assert.Contains("add.u32 %r4", lint.LiveAt, StringComparison.Ordinal);
        Assert.Equal(new Dictionary<int, int> { [2] = 1, [16] = 1 }, lint.GlobalLoads);
        Assert.Equal(512, lint.StaticSharedBytes);
    }
}
