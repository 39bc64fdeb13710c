using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Conformance;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Tests.Threading;

namespace VlmSharp.Cpu.Tests;

/// <summary>What allocates nothing on the managed heap, with each width of registers.</summary>
public abstract unsafe class AllocationTests(SimdTier tier)
{
    /// <summary>After a few runs a decode step with its tensors allocates nothing on the managed heap, on any thread.</summary>
    [BackendTheory]
    [InlineData(1, DType.BF16, 16)]
    [InlineData(2, DType.BF16, 16)]
    [InlineData(3, DType.BF16, 16)]
    [InlineData(2, DType.F16, 16)]
    [InlineData(2, DType.Int8, 8)]
    [InlineData(2, DType.Int8, 16)]
    [InlineData(2, DType.Int4, 16)]
    [InlineData(2, DType.Nf4, 16)]
    public void DecodingAllocatesNothing(int threads, DType format, int activationBits)
    {
        const int Width = 192, Hidden = 320, HeadDim = 48, Vocabulary = 500, Past = 700, Steps = 300;
        using CpuBackend backend = Create(threads, activationBits);
        ushort* bytes = (ushort*)NativeMemory.AllocZeroed((nuint)(Vocabulary * Hidden), sizeof(ushort));
        for (int i = 0; i < Vocabulary * Hidden; i++) bytes[i] = BFloat16.FromSingle(i % 7 - 3);
        Weight Load(int rows, int columns) =>
            backend.LoadWeight(new WeightData("w", rows == 1 ? DType.BF16 : format, rows, columns, (nint)bytes, backend, (nint)bytes));
        using Weight table = Load(Vocabulary, Width), gate = Load(Hidden, Width), down = Load(Width, Hidden), norm = Load(1, Width);
        using KvCache cache = backend.CreateKvCache(1, HeadDim, Past + 10);
        SequenceBatch batch = new();
        using Indices ids = backend.Upload([3]), first = backend.Upload([0]);
        var rules = new ChoiceRules([default]);
        float[] words = new float[2];
        batch.Add(Past, 0, cache);
        using (Matrix k = backend.Upload(new float[Past * HeadDim], Past, HeadDim))
            backend.AppendKeyValues(k, k, backend.Prepare(batch), 0);
        batch.Advance();

        var allocations = new TeamAllocations(backend.Team);
        allocations.Start(); // so that these calls are compiled too
        for (int i = 0; i < Steps; i++) Step();
        allocations.Start();
        for (int i = 0; i < Steps; i++) Step();
        allocations.AssertNone();
        NativeMemory.Free(bytes);

        void Step()
        {
            batch.Clear();
            batch.Add(1, 0, cache);
            using Matrix x = backend.Embed(table, ids, 9.8f);
            using Matrix h = backend.RmsNorm(x, norm, 1e-6f);
            using Matrix angles = backend.RotaryAngles(backend.Prepare(batch), HeadDim, 10000, 0);
            using Matrix q = backend.Rope(h, angles);
            using Matrix k = backend.SelectRows(angles, first);
            backend.AppendKeyValues(k, k, backend.Prepare(batch), 0);
            using Matrix a = backend.CachedAttention(q, backend.Prepare(batch), 0, new AttentionSpec(4, 1, HeadDim, 0.2f, 50));
            using Matrix g = backend.GatedLinear(a, gate, gate);
            using Matrix d = backend.Linear(g, down, norm, Activation.GeluTanh, x);
            using Matrix n = backend.LayerNorm(d, norm, norm, 1e-6f);
            using Matrix logits = backend.Linear(n, table);
            using Matrix capped = backend.SoftCap(logits, 30);
            using Matrix p = backend.LogSoftmax(capped);
            using Matrix chosen = backend.Choose(p, backend.Prepare(batch), rules);
            backend.Download(chosen, words);
        }
    }

    /// <summary>A gated layer whose parameters are stored in different formats keeps its second product in scratch memory too.</summary>
    [BackendTheory]
    [InlineData(1)]
    [InlineData(30)]
    public void AGatedLayerOfTwoFormatsAllocatesNothing(int tokens)
    {
        const int Inputs = 64, Outputs = 96;
        using CpuBackend backend = Create(threads: 2);
        byte* bytes = (byte*)NativeMemory.AllocZeroed(Inputs * Outputs * sizeof(float));
        using Weight gate = backend.LoadWeight(new WeightData("gate", DType.F32, Outputs, Inputs, (nint)bytes, backend));
        using Weight up = backend.LoadWeight(new WeightData("up", DType.Int8, Outputs, Inputs, (nint)bytes, backend, (nint)bytes));
        using Matrix x = backend.Upload(new float[tokens * Inputs], tokens, Inputs);
        var allocations = new TeamAllocations(backend.Team);
        for (int i = 0; i < 20; i++)
        {
            if (i == 10) allocations.Start();
            backend.GatedLinear(x, gate, up).Dispose();
        }

        allocations.AssertNone();
        NativeMemory.Free(bytes);
    }

    /// <summary>Products with the rows of several answers allocate nothing either.</summary>
    [BackendTheory]
    [InlineData(DType.BF16, 16)]
    [InlineData(DType.Int8, 8)]
    [InlineData(DType.Int8, 16)]
    [InlineData(DType.Int4, 8)]
    public void ProductsOfSeveralAnswersAllocateNothing(DType format, int activationBits)
    {
        const int Answers = 5, Inputs = 192, Outputs = 96;
        using CpuBackend backend = Create(threads: 2, activationBits);
        byte* bytes = (byte*)NativeMemory.AllocZeroed(Inputs * Outputs, sizeof(ushort));
        using Weight weight = backend.LoadWeight(new WeightData("w", format, Outputs, Inputs, (nint)bytes, backend, (nint)bytes));
        using Matrix x = backend.Upload(new float[Answers * Inputs], Answers, Inputs);
        var allocations = new TeamAllocations(backend.Team);
        for (int i = 0; i < 20; i++)
        {
            if (i == 10) allocations.Start();
            backend.Linear(x, weight).Dispose();
            backend.GatedLinear(x, weight, weight).Dispose();
        }

        allocations.AssertNone();
        NativeMemory.Free(bytes);
    }

    /// <summary>The operators of a training step allocate nothing after their first run.</summary>
    [BackendFact]
    public void GradientsAllocateNothing()
    {
        const int Tokens = 40, Inputs = 64, Outputs = 96, Heads = 4;
        using CpuBackend backend = Create(threads: 2);
        byte* bytes = (byte*)NativeMemory.AllocZeroed(Inputs * Outputs * sizeof(float));
        using Weight weight = backend.LoadWeight(new WeightData("w", DType.BF16, Outputs, Inputs, (nint)bytes, backend));
        using Weight norm = backend.LoadWeight(new WeightData("n", DType.F32, 1, Inputs, (nint)bytes, backend));
        using Matrix x = backend.Upload(new float[Tokens * Inputs], Tokens, Inputs),
            dy = backend.Upload(new float[Tokens * Outputs], Tokens, Outputs);
        using Matrix gradient = backend.Upload(new float[2 * Tokens], Tokens, 2),
            key = backend.Upload(new float[Tokens * Inputs / Heads], Tokens, Inputs / Heads);
        using Indices targets = backend.Upload(new int[Tokens]);
        var spec = new AttentionSpec(Heads, 1, Inputs / Heads, 1);
        SequenceBatch batch = new();
        batch.Add(Tokens, 10);
        StepTable step = backend.Prepare(batch);
        var allocations = new TeamAllocations(backend.Team);
        for (int i = 0; i < 20; i++)
        {
            if (i == 10) allocations.Start();
            Step();
        }

        allocations.AssertNone();
        NativeMemory.Free(bytes);

        void Step()
        {
            using Matrix dx = backend.LinearInputGradient(dy, weight), dw = backend.LinearWeightGradient(dy, x);
            using Matrix dn = backend.RmsNormInputGradient(x, x, norm, 1),
                gain = backend.LayerNormGainGradient(x, x, 1),
                bias = backend.SumRows(x);
            using Matrix rows = backend.AddRows(x, targets, 7), dropped = backend.Dropout(x, 0.5f, 3), gelu = backend.GeluGradient(x, x);
            using Matrix statistics = backend.AttentionStatistics(x, x, x, key, step, spec);
            using Matrix dq = backend.AttentionQueryGradient(x, x, key, key, statistics, step, spec);
            using Matrix dk = backend.AttentionKeyGradient(x, x, key, key, statistics, step, spec);
            using Matrix dv = backend.AttentionValueGradient(x, x, key, statistics, step, spec);
            var op = new CrossEntropy(x, weight, targets);
            using Matrix loss = backend.CrossEntropy(x, weight, targets);
            using Matrix lossX = backend.CrossEntropyInputGradient(gradient, op, loss),
                lossW = backend.CrossEntropyWeightGradient(gradient, op, loss);
        }
    }

    private CpuBackend Create(int threads, int activationBits = 16) =>
        new(new CpuBackendOptions { Simd = tier, Threads = threads, ActivationBits = activationBits });
}

public sealed class Cpu128Allocations() : AllocationTests(SimdTier.Vector128);

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256Allocations() : AllocationTests(SimdTier.Vector256);

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512Allocations() : AllocationTests(SimdTier.Vector512);
