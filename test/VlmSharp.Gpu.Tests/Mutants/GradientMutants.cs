using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Tests.Products;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Faults in the kernels of gradients and of steps.</summary>
internal static class GradientMutants
{
    private const double Tolerance = 1e-4;
    private const int Rows = 20, HeadDim = 24, Heads = 4, KvHeads = 2;

    private const string Exponential = @"ex2\.approx\.f32(\s+%f\d+), (%f\d+);", ZeroFill = @"selp\.b32(\s+%r\d+), 16, 0,";

    private static readonly AttentionSpec Spec = new(Heads, KvHeads, HeadDim, 0.3f, SoftCap: 2, Window: 9);

    public static IReadOnlyList<Subject> All { get; } =
    [
        new(ProductKernels<TensorCore>.Tiled<RowsByColumns>(16, DType.BF16).Kernel.Name, Tolerance, b => ByInput(b, 13, 36, 136), [
            .. Faults.NoBarriers(3),
            Mutant.Replace("m8n8.x4.trans.shared.b16 {rb0", "m8n8.x4.shared.b16 {rb0"),
            Mutant.ReplaceMatch(@"(\{rb0,rb1,rb2,rb3\}), \[fromw\]", "$1, [fromw+32]", 1), // the next 16 columns
            Mutant.Replace("{rb2,rb3}, {acc4", "{rb0,rb1}, {acc4", 0),
            Mutant.ReplaceMatch(ZeroFill, "selp.b32$1, 16, 16,"), // padding is read
        ]),
        new(ProductKernels<TensorCore>.Tiled<ColumnsByColumns>(128, DType.BF16).Kernel.Name, Tolerance, b => ByWeight(b, 70, 130, 120), [
            .. Faults.NoBarriers(3),
            Mutant.Replace("m8n8.x4.trans.shared.b16 {ra0", "m8n8.x4.shared.b16 {ra0"),
            Mutant.Replace("{ra4,ra5,ra6,ra7}, [fromx+32]", "{ra4,ra5,ra6,ra7}, [fromx]"),
            Mutant.Replace("{ra12,ra13,ra14,ra15}, [fromx+96]", "{ra12,ra13,ra14,ra15}, [fromx+64]"),
            Mutant.Replace("{rb4,rb5,rb6,rb7}, [fromw+32]", "{rb4,rb5,rb6,rb7}, [fromw]"),
            Mutant.Replace("{ra0,ra1,ra2,ra3}, {rb0,rb1}", "{ra0,ra2,ra1,ra3}, {rb0,rb1}"),
        ]),
        new("attention statistics", Tolerance, b => Statistics(b), [
            .. Faults.NoBarriers(2),
            Mutant.ReplaceMatch(Exponential, "mov.f32$1, 0f3F800000;"), // no exponentials
            Mutant.ReplaceMatch(@"and\.b32(\s+%r\d+), (%r\d+), 63;", "and.b32$1, $2, 31;", 0), // every other key
        ]),
        new("attention residuals", Tolerance, b =>
            Gradients(b, (dy, q, k, v, s, step) => b.AttentionKeyGradient(dy, q, k, v, s, step, Spec)), [
            .. Faults.NoBarriers(2),
            Mutant.ReplaceMatch(Exponential, "mov.f32$1, 0f3F800000;", 0),
            Mutant.ReplaceMatch(@"div\.rn\.f32(\s+%f\d+), (%f\d+), %f\d+;", "mov.f32$1, 0f00000000;"), // d as it was
        ]),
        new("attention gradient, queries", Tolerance, b =>
            Gradients(b, (dy, q, k, v, s, step) => b.AttentionQueryGradient(dy, q, k, v, s, step, Spec)), [
            .. Faults.NoBarriers(3),
            Mutant.ReplaceMatch(Exponential, "mov.f32$1, 0f3F800000;", 0),
            Mutant.ReplaceMatch(@"and\.b32(\s+%r\d+), (%r\d+), 63;", "and.b32$1, $2, 31;", 0),
        ]),
        new("attention gradient, keys", Tolerance, b =>
            Gradients(b, (dy, q, k, v, s, step) => b.AttentionKeyGradient(dy, q, k, v, s, step, Spec)), [
            .. Faults.NoBarriers(3),
            Mutant.ReplaceMatch(@"rem\.s32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, 0;"), // one plane for all heads
        ]),
        new("attention gradient, values", Tolerance, b =>
            Gradients(b, (dy, q, k, _, s, step) => b.AttentionValueGradient(dy, q, k, s, step, Spec)), [
            .. Faults.NoBarriers(3),
            Mutant.ReplaceMatch(Exponential, "mov.f32$1, 0f3F800000;", 1),
        ]),
        new("RmsNormInputGradient", Tolerance, b => Norm(b), [
            Faults.NoBarrier(0), Faults.NoBarrier(2), Faults.Shuffle(16, 8), Faults.Shuffle(1, 2, 1),
            Mutant.ReplaceMatch(@"sub\.f32(\s+%f\d+), (%f\d+), (%f\d+);", "add.f32$1, $2, $3;", 0), // along x, not across it
        ]),
        new("column sums", Tolerance, b => Sums(b), [
            Mutant.ReplaceMatch(@"add\.s32(\s+%r\d+), (%r\d+), 4;", "add.s32$1, $2, 3;", 0), // rows counted twice
            Mutant.ReplaceMatch(@"min\.s32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, $2;"), // rows after the last
        ]),
        new("CrossEntropy.Part", Tolerance, b => Loss(b), [
            Faults.NoBarrier(0), Faults.NoBarrier(2),
            Faults.Shuffle(16, 8), Faults.Shuffle(1, 2, 1),
            Mutant.ReplaceMatch(@"min\.s32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, $2;"), // tokens after the last
        ]),
        new("AddRows", Tolerance, b => Gathered(b), [
            Mutant.ReplaceMatch(@"setp\.eq\.u32(\s+%p\d+, %r\d+), (%r\d+);", "setp.ne.u32$1, $2;", 0), // who comes first
            Mutant.ReplaceMatch(@"setp\.eq\.u32(\s+%p\d+, %r\d+), (%r\d+);", "setp.ne.u32$1, $2;", 1), // whose rows are added
        ]),
    ];

    private static Matrix ByInput(IComputeBackend b, int rows, int inputs, int outputs)
    {
        using Weight w = b.LoadWeight(RandomWeight.Of(DType.BF16, outputs, inputs, 1));
        using Matrix gradient = b.Upload(Faults.Numbers(rows * outputs), rows, outputs);
        return b.LinearInputGradient(gradient, w);
    }

    private static Matrix ByWeight(IComputeBackend b, int rows, int outputs, int inputs)
    {
        using Matrix gradient = b.Upload(Faults.Numbers(rows * outputs), rows, outputs),
            x = b.Upload(Faults.Numbers(rows * inputs), rows, inputs);
        return b.LinearWeightGradient(gradient, x);
    }

    private static Matrix Statistics(IComputeBackend b) => Gradients(b, (_, _, _, _, statistics, _) => statistics.Retain());

    /// <summary>A sequence with a prefix and one without, a window, heads that share keys.</summary>
    private static Matrix Gradients(IComputeBackend b, Func<Matrix, Matrix, Matrix, Matrix, Matrix, StepTable, Matrix> run)
    {
        const int Second = 85, All = Rows + Second; // two tiles of others
        SequenceBatch batch = new();
        batch.Add(Rows, 7);
        batch.Add(Second, Second);
        StepTable step = b.Prepare(batch);
        using Matrix dy = b.Upload(Faults.Numbers(All * Heads * HeadDim), All, Heads * HeadDim);
        using Matrix q = b.Upload(Faults.Numbers(All * Heads * HeadDim + 8).AsSpan(8), All, Heads * HeadDim);
        using Matrix k = b.Upload(Faults.Numbers(All * KvHeads * HeadDim), All, KvHeads * HeadDim);
        using Matrix v = b.Upload(Faults.Numbers(All * KvHeads * HeadDim + 8).AsSpan(8), All, KvHeads * HeadDim);
        using Matrix y = b.Upload(Faults.Numbers(All * Heads * HeadDim + 16).AsSpan(16), All, Heads * HeadDim);
        using Matrix statistics = b.AttentionStatistics(dy, y, q, k, step, Spec);
        return run(dy, q, k, v, statistics, step);
    }

    private static Matrix Norm(IComputeBackend b)
    {
        using Weight w = b.LoadWeight(RandomWeight.Of(DType.BF16, 1, 200, 1));
        using Matrix dy = b.Upload(Faults.Numbers(3 * 200), 3, 200), x = b.Upload(Faults.Numbers(3 * 200 + 8).AsSpan(8), 3, 200);
        return b.RmsNormInputGradient(dy, x, w, 1e-6f);
    }

    private static Matrix Sums(IComputeBackend b)
    {
        using Matrix x = b.Upload(Faults.Numbers(61 * 20), 61, 20);
        return b.SumRows(x);
    }

    private static Matrix Loss(IComputeBackend b)
    {
        using Weight head = b.LoadWeight(RandomWeight.Of(DType.BF16, 300, 16, 1));
        using Matrix x = b.Upload(Faults.Numbers(2 * 16), 2, 16);
        using Indices targets = b.Upload([299, 4]);
        return b.CrossEntropy(x, head, targets, smoothing: 0.2f);
    }

    private static Matrix Gathered(IComputeBackend b)
    {
        using Matrix x = b.Upload(Faults.Numbers(5 * 9), 5, 9);
        using Indices rows = b.Upload([3, 0, 3, 6, 3]);
        return b.AddRows(x, rows, 7);
    }
}
