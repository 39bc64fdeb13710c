using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Tests.Products;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Faults in the products.</summary>
internal static class ProductMutants
{
    private const double Tolerance = 1e-4;
    private const int Inputs = 136, Outputs = 40; // five steps of a ring of four stages, the last one a quarter full; a part of a tile

    private const string Scales = @"(ld\.global\.b16\s+%rs\d+), \[(%rd\d+)\];", ZeroFill = @"selp\.b32(\s+%r\d+), 16, 0,";

    public static IReadOnlyList<Subject> All { get; } =
    [
        new(Name(ProductKernels<TensorCore>.Tiled<RowsByRows>(16, DType.BF16)), Tolerance, b =>
            Product(b, DType.BF16, 13, Inputs, Outputs), [
            .. Faults.NoBarriers(3),
            Mutant.Replace("cp.async.wait_group 2", "cp.async.wait_group 3"),
            Mutant.Replace("cp.async.commit_group;", "", 1), // before the loop
            Mutant.Replace("cp.async.commit_group;", "", 2), // in its last steps
            Mutant.Replace("cp.async.commit_group;", "", 3), // in the others
            Mutant.ReplaceMatch(@"(\{ra0,ra1,ra2,ra3\}), \[fromx\]", "$1, [fromx+16]", 0),
            Mutant.ReplaceMatch(@"(\{rb0,rb1,rb2,rb3\}), \[fromw\]", "$1, [fromw+512]", 1),
            Mutant.ReplaceMatch(@"xor\.b32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, $2;"), // no swizzle: right, but with bank conflicts
            Mutant.ReplaceMatch(@"xor\.b32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, $2;", 0), // a swizzle that only one side has
            Mutant.Replace("{ra0,ra1,ra2,ra3}, {rb0,rb1}", "{ra0,ra2,ra1,ra3}, {rb0,rb1}"),
            Mutant.Replace("{rb0,rb1}, {acc0", "{rb1,rb0}, {acc0"),
            Mutant.Replace("{rb2,rb3}, {acc4", "{rb0,rb1}, {acc4", 0),
            Mutant.Replace("{acc4,acc5,acc6,acc7}, {ra0", "{acc4,acc5,acc7,acc6}, {ra0"),
            Mutant.Replace("mov.f32 acc5, 0f00000000;", "mov.f32 acc5, 0f3F800000;"),
            Mutant.ReplaceMatch(ZeroFill, "selp.b32$1, 16, 16,"), // padding is read
            Mutant.ReplaceMatch(ZeroFill, "selp.b32$1, 0, 16,"),
            Mutant.Replace("[t+4352]", "[t+4384]"),
        ]),
        new(Name(ProductKernels<TensorCore>.Tiled<RowsByRows>(64, DType.BF16)), Tolerance, b => Product(b, DType.BF16, 60, Inputs, 130), [
            .. Faults.NoBarriers(3),
            Mutant.Replace("{ra4,ra5,ra6,ra7}, [fromx+1024]", "{ra4,ra5,ra6,ra7}, [fromx]"),
            Mutant.Replace("{acc24,acc25,acc26,acc27}, {ra4", "{acc24,acc25,acc26,acc27}, {ra0"),
            Mutant.Replace("[t+13152]", "[t+13088]"),
        ]),
        new(Name(ProductKernels<TensorCore>.Tiled<RowsByRows>(16, DType.Int4)), Tolerance, b => Product(b, DType.Int4, 13, 160, Outputs), [
            Mutant.ReplaceMatch(Scales, "$1, [$2+2];", 0), // the next group's scale
            .. Faults.NoBarriers(3),
            Mutant.ReplaceMatch(@"and\.b32(\s+%r\d+), (%r\d+), 15;", "and.b32$1, $2, 7;"),
        ]),
        new(ProductKernels<TensorCore>.Linear(DType.BF16).Name, Tolerance, b => Product(b, DType.BF16, 1, 2112, 6), [
            Faults.NoBarrier(0),
            Faults.Shuffle(16, 8), Faults.Shuffle(4, 2, 2), Faults.Shuffle(1, 2, 3),
            Mutant.ReplaceMatch(@"add\.s32(\s+%r\d+), (%r\d+), 128;", "add.s32$1, $2, 64;"), // chunks counted twice
            Mutant.ReplaceMatch(@"min\.s32(\s+%r\d+), (%r\d+), %r\d+;", "mov.b32$1, $2;"), // rows after the last
            Mutant.ReplaceMatch(@"and\.b32(\s+%r\d+), (%r\d+), 4294901760;", "and.b32$1, $2, 4294770688;", 0), // a bit less
            Mutant.ReplaceMatch(@"shl\.b32(\s+%r\d+), (%r\d+), 16;", "shl.b32$1, $2, 15;", 1),
            Mutant.ReplaceMatch(@"setp\.eq\.s32(\s+%p\d+, %r\d+), 0;", "setp.ne.s32$1, 0;", 0), // another lane has the warp's sum
        ]),
        new("narrow", Tolerance, b => Product(b, DType.BF16, 13, 36, 5), [
            Faults.NoGuard,
            Mutant.ReplaceMatch(@"setp\.ge\.s32(\s+%p\d+, %r\d+), %r\d+;", "setp.lt.s32$1, 0;", 7), // padding that is not zero
        ]),
    ];

    private static string Name(TiledKernel kernel) => kernel.Kernel.Name;

    private static Matrix Product(IComputeBackend b, DType format, int rows, int inputs, int outputs)
    {
        using Weight w = b.LoadWeight(RandomWeight.Of(format, outputs, inputs, 1));
        using Matrix x = b.Upload(Faults.Numbers(rows * inputs), rows, inputs);
        return b.Linear(x, w);
    }
}
