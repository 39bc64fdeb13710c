using System.Runtime.InteropServices;
using VlmSharp.Compute;

namespace VlmSharp.Cpu.Tests;

/// <summary>Runs while no other test does, since it looks at what the whole process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed unsafe class AllocationTests
{
    /// <summary>A decode step, tensors included, allocates nothing on the managed heap once it has run a few times, on no thread.</summary>
    [Theory]
    [InlineData(1, DType.BF16)]
    [InlineData(2, DType.BF16)]
    [InlineData(3, DType.BF16)]
    [InlineData(2, DType.Int8)]
    [InlineData(2, DType.Int4)]
    public void DecodingAllocatesNothing(int threads, DType format)
    {
        const int Width = 192, Hidden = 320, HeadDim = 48, Vocabulary = 500, Past = 700, Steps = 200;
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = threads });
        ushort* bytes = (ushort*)NativeMemory.AllocZeroed((nuint)(Vocabulary * Hidden), sizeof(ushort));
        for (int i = 0; i < Vocabulary * Hidden; i++) bytes[i] = BFloat16.FromSingle(i % 7 - 3);
        Weight Load(int rows, int columns) => backend.LoadWeight(new WeightData("w", rows == 1 ? DType.BF16 : format, rows, columns, (nint)bytes, backend, (nint)bytes));
        using Weight table = Load(Vocabulary, Width), gate = Load(Hidden, Width), down = Load(Width, Hidden), norm = Load(1, Width);
        using KvCache cache = backend.CreateKvCache(1, HeadDim, Past + 10);
        SequenceBatch batch = new();
        int[] ids = [3], index = new int[1];
        float[] value = new float[1];
        batch.Add(Past, 0, cache);
        using (Tensor k = backend.Upload(new float[Past * HeadDim], Past, HeadDim)) backend.AppendKeyValues(k, k, batch, 0);
        batch.Advance();

        for (int i = 0; i < 50; i++) Step();
        long here = long.MaxValue, everywhere = long.MaxValue;
        for (int trial = 0; trial < 5; trial++)
        {
            long process = GC.GetTotalAllocatedBytes(true), thread = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Steps; i++) Step();
            here = Math.Min(here, GC.GetAllocatedBytesForCurrentThread() - thread);
            everywhere = Math.Min(everywhere, GC.GetTotalAllocatedBytes(true) - process);
        }
        Assert.Equal(0, here);
        // The smallest object takes 24 bytes, so even one for each operator would exceed this; the test host may allocate a little.
        Assert.InRange(everywhere, 0, Steps * 12 * 24 / 2);
        NativeMemory.Free(bytes);

        void Step()
        {
            batch.Clear();
            batch.Add(1, 0, cache);
            using Tensor x = backend.Embed(table, ids, 9.8f);
            using Tensor h = backend.RmsNorm(x, norm, 1e-6f);
            using Tensor angles = backend.RotaryAngles(batch, HeadDim, 10000, 0);
            using Tensor q = backend.Rope(h, angles);
            using Tensor k = backend.SelectRows(angles, [0]);
            backend.AppendKeyValues(k, k, batch, 0);
            using Tensor a = backend.CachedAttention(q, batch, 0, new AttentionSpec(4, 1, HeadDim, 0.2f, 50));
            using Tensor g = backend.GatedLinear(a, gate, gate);
            using Tensor d = backend.Linear(g, down, norm, Activation.GeluTanh, x);
            using Tensor n = backend.LayerNorm(d, norm, norm, 1e-6f);
            using Tensor logits = backend.Linear(n, table);
            using Tensor capped = backend.SoftCap(logits, 30);
            using Tensor p = backend.LogSoftmax(capped);
            backend.ArgMax(p, index, value);
        }
    }
}
