using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Attention;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Faults in attention.</summary>
internal static class AttentionMutants
{
    private const double Tolerance = 2.0 / 256; // a right result is off by a rounding to bf16
    private const int HeadDim = 64;

    private const string First16 = @"mov\.b32(\s+%r\d+), 16;";

    public static IReadOnlyList<Subject> All { get; } =
    [
        new(FlashKernels<Head80>.BFloat16.Name, Tolerance, b => Prefill(b, 72), [
            .. Faults.NoBarriers(6),
            Mutant.Replace(".trans", ""),
            Mutant.Replace("[at+32]", "[at+64]"),
            Mutant.Replace("{q0,q1,q2,q3}, {k0,k1}, {s0", "{q0,q1,q2,q3}, {k2,k3}, {s0"),
            Mutant.Replace("{q0,q1,q2,q3}, {k0,k1}, {o0", "{q0,q2,q1,q3}, {k0,k1}, {o0"),
            Mutant.Replace("{q0,q1,q2,q3}, {k0,k1}, {s0", "{q1,q0,q2,q3}, {k0,k1}, {s0"),
            Faults.Shuffle(16, 8), // the largest score of half a row only
            Faults.Shuffle(16, 8, 1), // the total of half a row only
            Mutant.ReplaceMatch(@"shfl\.sync\.idx\.b32(\s+%f\d+), (%f\d+), %r\d+, 31, 4294967295;", "mov.f32$1, $2;", 0),
            Mutant.ReplaceMatch(@"mul\.f32 o8, o8,\s*%f\d+;", "", 0), // sums for a smaller maximum are not rescaled
            Mutant.ReplaceMatch(@"mul\.f32 o10, o10,\s*%f\d+;", "", 1), // not divided by the total
            Mutant.Replace("st.shared.b32 [below+16], w1", "st.shared.b32 [below+16], w0"),
            Mutant.ReplaceMatch(@"setp\.eq\.f32(\s+%p\d+, %f\d+), 0fFF800000;", "setp.neu.f32$1, 0fFF800000;", 0),
        ]),
        new("decode attention on tensor cores", Tolerance, b => Decode(b), [
            .. Faults.NoBarriers(5),
            Mutant.ReplaceMatch(@"\{(%r\d+),(%r\d+)\}, \{s0", "{$2,$1}, {s0", 0),
            Mutant.ReplaceMatch(@"\{\s*(%r\d+),0,(%r\d+),0\}", "{$2,0,$1,0}"),
            Mutant.ReplaceMatch(@"\{(%r\d+),(%r\d+)\}, \{o8", "{$2,$1}, {o8"),
            Mutant.ReplaceMatch(First16, "mov.b32$1, 8;", 1), // the total of half a warp
            Mutant.ReplaceMatch(@"ex2\.approx\.f32(\s+%f\d+), (%f\d+);", "mov.f32$1, $2;", 4), // a weight that is no exponential
            Mutant.Replace("mov.f32 s0,z;", "mov.f32 s0,0f3F800000;"),
            Mutant.Replace("mov.f32 o5,z;", "mov.f32 o5,0f3F800000;"),
        ]),
        new("decode attention, pieces joined", Tolerance, b => Decode(b), [
            Mutant.ReplaceMatch(@"ex2\.approx\.f32(\s+%f\d+), (%f\d+);", "mov.f32$1, 0f3F800000;", 0), // a piece's total as it is
            Mutant.ReplaceMatch(@"ex2\.approx\.f32(\s+%f\d+), (%f\d+);", "mov.f32$1, 0f3F800000;", 1), // a piece's sums as they are
            Mutant.ReplaceMatch(@"div\.rn\.f32(\s+%f\d+), (%f\d+), %f\d+;", "mov.f32$1, $2;"),
        ]),
    ];

    /// <summary>Causal, three tiles of keys, so that a later one has larger scores than one before.</summary>
    private static Matrix Prefill(IComputeBackend b, int headDim)
    {
        const int Rows = 150, Heads = 2;
        SequenceBatch batch = new();
        batch.Add(Rows, 0);
        using Matrix q = b.Upload(Faults.Numbers(Rows * Heads * headDim, 2), Rows, Heads * headDim);
        using Matrix k = b.Upload(Faults.Numbers(Rows * headDim, 2), Rows, headDim);
        using Matrix v = b.Upload(Faults.Numbers(Rows * headDim + 8, 2).AsSpan(8), Rows, headDim);
        return b.Attention(q, k, v, b.Prepare(batch), new AttentionSpec(Heads, 1, headDim, 0.25f));
    }

    /// <summary>Eight heads of one new token over 140 keys, three pieces.</summary>
    private static Matrix Decode(IComputeBackend b)
    {
        const int Past = 140, Heads = 8;
        using KvCache cache = b.CreateKvCache(1, HeadDim, Past + 1);
        SequenceBatch batch = new();
        batch.Add(Past, 0, cache);
        using (Matrix k = b.Upload(Faults.Numbers(Past * HeadDim, 2), Past, HeadDim))
        using (Matrix v = b.Upload(Faults.Numbers(Past * HeadDim + 8, 2).AsSpan(8), Past, HeadDim))
            b.AppendKeyValues(k, v, b.Prepare(batch), 0);
        batch.Advance();
        batch.Clear();
        batch.Add(1, 0, cache);
        using Matrix q = b.Upload(Faults.Numbers(Heads * HeadDim, 2), 1, Heads * HeadDim);
        using Matrix one = b.Upload(Faults.Numbers(HeadDim, 2), 1, HeadDim);
        StepTable step = b.Prepare(batch);
        b.AppendKeyValues(one, one, step, 0);
        return b.CachedAttention(q, step, 0, new AttentionSpec(Heads, 1, HeadDim, 0.25f));
    }
}
