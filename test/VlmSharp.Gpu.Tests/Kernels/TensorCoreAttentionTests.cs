using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Kernels;

/// <summary>
/// Attention on tensor cores, run by the PTX machine. Numbers are exact in bf16 and the scale is a power of two, so that scores are
/// exact in fp32. What remains is one rounding of each weight and of the result to bf16.
/// </summary>
public sealed class TensorCoreAttentionTests : IDisposable
{
    private const double Tolerance = 2.0 / 256 + 1e-4; // two roundings of numbers up to 2

    private readonly ReferenceBackend reference = new();
    private readonly PtxDevice device = new();
    private readonly Random random = new(7);

    public void Dispose()
    {
        reference.Dispose();
        device.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 1, 0, 0)]
    [InlineData(2, 1, 36, 0, 9)]
    [InlineData(2, 2, 72, 0, 0)]
    [InlineData(2, 1, 72, 30, 33)]
    [InlineData(4, 2, 128, 0, 0)]
    [InlineData(2, 1, 256, 0, 0)]
    [InlineData(1, 1, 256, 50, 70)]
    [InlineData(2, 1, 300, 0, 5)]
    public void Ragged_sequences_without_caches_are_the_reference(int heads, int kvHeads, int headDim, float softCap, int window)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, ScaleOf(headDim), softCap, window);
        SequenceBatch batch = new();
        batch.Add(7, 7); // full
        batch.Add(1, 0); // one token
        batch.Add(90, 0); // causal, over several tiles
        batch.Add(70, 66); // a prefix, then causal
        batch.Add(5, 9); // a prefix longer than the rows is the rows
        int rows = batch.TotalRows, width = kvHeads * headDim;
        float[] q = Numbers(rows * heads * headDim, 2), k = Numbers(rows * width, 2), v = Numbers(rows * width, 2);
        Compare(DType.BF16, b =>
        {
            using Matrix query = b.Upload(q, rows, heads * headDim), key = b.Upload(k, rows, width), value = b.Upload(v, rows, width);
            return b.Attention(query, key, value, batch, spec);
        });
    }

    [Theory]
    [InlineData(4, 2, 36, 0, 0, true)]
    [InlineData(3, 3, 72, 20, 30, false)]
    [InlineData(9, 1, 64, 0, 0, true)]
    [InlineData(8, 1, 256, 0, 0, true)]
    public void Decoding_mixed_with_prompts_is_the_reference(int heads, int kvHeads, int headDim, float softCap, int window, bool isNarrow)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, ScaleOf(headDim), softCap, window);
        int width = kvHeads * headDim, past = 140;
        float[] oldKeys = Numbers(past * width, 2), oldValues = Numbers(past * width, 2);
        float[] q = Numbers(68 * heads * headDim, 2), k = Numbers(68 * width, 2), v = Numbers(68 * width, 2);
        Compare(isNarrow ? DType.BF16 : DType.F32, b =>
        {
            using KvCache first = b.CreateKvCache(2, width, past + 1), second = b.CreateKvCache(2, width, past + 2);
            using KvCache third = b.CreateKvCache(2, width, 65);
            foreach (KvCache cache in new[] { first, second })
            {
                SequenceBatch prompt = new();
                prompt.Add(past, 100, cache);
                using (Matrix key = b.Upload(oldKeys, past, width), value = b.Upload(oldValues, past, width))
                    b.AppendKeyValues(key, value, b.Prepare(prompt), 1);
                prompt.Advance();
            }

            SequenceBatch batch = new();
            batch.Add(1, 100, first);
            batch.Add(2, 100, second);
            batch.Add(65, 65, third);
            StepTable step = b.Prepare(batch);
            using Matrix query = b.Upload(q, 68, heads * headDim), newKeys = b.Upload(k, 68, width), newValues = b.Upload(v, 68, width);
            b.AppendKeyValues(newKeys, newValues, step, 1);
            return b.CachedAttention(query, step, 1, spec);
        });
    }

    [Theory]
    [InlineData(2, 1, 8, 8, 0)]
    [InlineData(4, 2, 140, 140, 100)]
    [InlineData(4, 1, 2, 200, 0)]
    public void Hidden_keys_have_no_influence(int heads, int kvHeads, int queries, int keys, int window)
    {
        using var suite = new Suite(device);
        suite.HiddenKeysHaveNoInfluence(heads, kvHeads, queries, keys, window);
    }

    [Fact]
    public void Copied_keys_and_values_are_those_of_the_source()
    {
        using var suite = new Suite(device);
        suite.CopiedKeyValues(5, 9, 7);
    }

    [Fact]
    public void Weights_are_those_that_attention_uses()
    {
        var spec = new AttentionSpec(2, 1, 72, ScaleOf(72), 0, 20);
        float[] q = Numbers(40 * 144, 2), k = Numbers(40 * 72, 2);
        int[] rows = [39, 0, 21];
        Compare(DType.BF16, b =>
        {
            using KvCache cache = b.CreateKvCache(1, 72, 40);
            SequenceBatch batch = new();
            batch.Add(40, 10, cache);
            StepTable step = b.Prepare(batch);
            using Matrix query = b.Upload(q, 40, 144), key = b.Upload(k, 40, 72);
            b.AppendKeyValues(key, key, step, 0);
            return b.AttentionWeights(query, step, 0, spec, b.Upload(rows));
        });
    }

    /// <summary>The layout of tiles causes no bank conflicts in matrix loads.</summary>
    [Theory]
    [InlineData(72)]
    [InlineData(128)]
    [InlineData(256)]
    public void Matrix_loads_have_no_bank_conflicts(int headDim)
    {
        Ragged_sequences_without_caches_are_the_reference(1, 1, headDim, 0, 0);
        PtxReport[] flash = [.. device.Reports.Where(r => r.Key.Name.StartsWith("flash", StringComparison.Ordinal)).Select(r => r.Value)];
        Assert.NotEmpty(flash);
        Assert.All(flash, report => Assert.True(report.Count("ldmatrix") > 0));
        Assert.DoesNotContain(flash.SelectMany(report => report.Conflicts()), c => c.Text.Contains("ldmatrix", StringComparison.Ordinal));
    }

    private void Compare(DType kvCacheFormat, Func<IComputeBackend, Matrix> run)
    {
        using var backend = new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true, kvCacheFormat);
        using Matrix expected = run(reference), actual = run(backend);
        float[] x = new float[expected.Length], y = new float[actual.Length];
        reference.Download(expected, x);
        backend.Download(actual, y);
        Close.AssertAll("attention", x, y, Tolerance);
    }

    private static float ScaleOf(int headDim) => MathF.Pow(2, -MathF.Round(MathF.Log2(headDim) / 2));

    private float[] Numbers(int count, float scale)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = BFloat16.ToSingle(BFloat16.FromSingle(scale * (float)(2 * random.NextDouble() - 1)));
        return values;
    }

    /// <summary>The tests of the suite that compare a backend with itself.</summary>
    private sealed class Suite(PtxDevice device) : BackendConformance
    {
        protected override IComputeBackend Create() => new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
    }
}
