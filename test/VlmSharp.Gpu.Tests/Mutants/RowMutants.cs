using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Tests.Products;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Faults in row-wise operators.</summary>
internal static class RowMutants
{
    private const double Tolerance = 3.0 / 256; // norms end in bf16
    private const int Features = 200, Vocabulary = 700;

    /// <summary>The last barrier of a sum protects the next call, which uses other memory here.</summary>
    public static Subject RmsNorm { get; } = new("RmsNorm", Tolerance, b => Norm(b, (x, w) => b.RmsNorm(x, w, 1e-6f)), [
        Faults.NoBarrier(0),
        Faults.Shuffle(16, 8), Faults.Shuffle(8, 16), Faults.Shuffle(1, 2),
        Mutant.Replace("0f3F800000;", "0f00000000;", 0), // weight, not 1 + weight
        Mutant.ReplaceMatch(@"shr\.s32(\s+%r\d+), (%r\d+), 5;", "shr.s32$1, $2, 6;"), // half of the warps
    ]);

    public static IReadOnlyList<Subject> All { get; } =
    [
        RmsNorm,
        new("LayerNorm", Tolerance, b => Norm(b, (x, w) => b.LayerNorm(x, w, w, 1e-3f)), [
            Faults.NoBarrier(0), Faults.NoBarrier(2),
            Faults.Shuffle(2, 1), Faults.Shuffle(16, 8, 1),
            Mutant.ReplaceMatch(@"sub\.f32(\s+%f\d+), (%f\d+), (%f\d+);", "mov.f32$1, $2;"), // nothing is centered
            Mutant.ReplaceMatch(@"sub\.f32(\s+%f\d+), (%f\d+), (%f\d+);", "add.f32$1, $2, $3;", 2),
        ]),
        new("Rope", 1e-5, b => Turn(b), [Faults.NoGuard, Mutant.Replace("sub.f32", "add.f32", 0)]),
        new("Choose.TopK", 0, b => Choose(b, new TokenRule { IsSampling = true, TopK = 3, Temperature = 4 }), [
            Faults.NoBarrier(0), Faults.NoBarrier(1),
            Mutant.ReplaceMatch(@"not\.b32(\s+%r\d+), (%r\d+);", "mov.b32$1, $2;", 0), // negative scores in the wrong order
        ]),
        new("Choose.TopP", 0, b => Choose(b, new TokenRule { IsSampling = true, TopP = 0.3f, Temperature = 4 }), [
            Faults.NoBarrier(0), Faults.NoBarrier(1),
            Faults.NoBarrier(9), Faults.NoBarrier(10), Faults.NoBarrier(11), // of the sums in the search for the bound
        ]),
        new("Choose.Draw", 0, b => Choose(b, new TokenRule { IsSampling = true, Temperature = 4 }), [
            Faults.NoBarrier(0), Faults.NoBarrier(2), Faults.NoBarrier(3),
            Mutant.ReplaceMatch(@"setp\.lt\.f64(\s+%p\d+, %fd\d+), 0dC086200000000000;", "setp.gt.f64$1, 0dC086200000000000;"), // e^x is 0
        ]),
        new("Choose", 1e-4, b => Choose(b, new TokenRule { Candidates = 4 }), [.. Faults.NoBarriers(3)]),
    ];

    private static Matrix Norm(IComputeBackend b, Func<Matrix, Weight, Matrix> norm)
    {
        using Weight w = b.LoadWeight(RandomWeight.Of(DType.BF16, 1, Features, 1));
        using Matrix x = b.Upload([.. Faults.Numbers(3 * Features).Select(value => value + 1)], 3, Features);
        return norm(x, w);
    }

    private static Matrix Turn(IComputeBackend b)
    {
        using Matrix x = b.Upload(Faults.Numbers(3 * 36), 3, 36), angles = b.Upload(Faults.Numbers(3 * 18), 3, 18);
        return b.Rope(x, angles);
    }

    /// <summary>Many rows draw from scores that are partly equal, so a wrong bound shows in some of them.</summary>
    private static Matrix Choose(IComputeBackend b, TokenRule rule)
    {
        const int Rows = 12;
        float[] scores = [.. Faults.Numbers(Rows * Vocabulary, 8).Select(value => MathF.Round(value * 4) / 4 - 8)];
        var batch = new SequenceBatch();
        for (int i = 0; i < Rows; i++) batch.Add(1, 0);
        using Matrix logits = b.Upload(scores, Rows, Vocabulary);
        Matrix y = b.Choose(logits, b.Prepare(batch), new ChoiceRules([.. Enumerable.Range(0, Rows).Select(i => rule with { Seed = i })]));
        return Ids(b, y, rule.Candidates);
    }

    // Ids are stored in place of floats and are converted to numbers to be compared.
    private static Matrix Ids(IComputeBackend b, Matrix y, int candidates)
    {
        float[] values = new float[y.Length];
        b.Download(y, values);
        for (int i = 0; i < values.Length; i++)
        {
            int column = i % y.Columns;
            if (column == 0 || (column >= 2 && column < 2 + candidates)) values[i] = BitConverter.SingleToInt32Bits(values[i]);
        }

        Matrix numbers = b.Upload(values, y.Rows, y.Columns);
        y.Dispose();
        return numbers;
    }
}
