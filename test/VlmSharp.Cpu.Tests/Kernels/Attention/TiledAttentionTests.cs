using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Tests.Kernels.Attention;

public sealed class TiledAttentionTests
{
    private static readonly Random Source = new(5);

    /// <summary>The number of threads decides how many queries an item has, but the results have the same bits.</summary>
    [Theory]
    [InlineData(8, 1, 64, 0, 300)]
    [InlineData(8, 1, 256, 0, 0)]
    [InlineData(3, 3, 72, 0, 530)]
    [InlineData(4, 2, 48, 190, 100)]
    public void ManyQueriesGiveTheSameOnAnyNumberOfThreads(int heads, int kvHeads, int headDim, int window, int prefix)
    {
        const int Tokens = 530;
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), 0, window);
        float[] q = Numbers(Tokens * heads * headDim), k = Numbers(Tokens * kvHeads * headDim), v = Numbers(Tokens * kvHeads * headDim);
        float[] expected = Attend(1, spec, prefix, Tokens, q, k, v);
        foreach (int threads in new[] { 2, 5 }) Assert.Equal(expected, Attend(threads, spec, prefix, Tokens, q, k, v));
    }

    /// <summary>The results also do not depend on the threads if the keys of a few queries are split.</summary>
    [Theory]
    [InlineData(8, 1, 256, 0, 1, 1101)]
    [InlineData(8, 1, 64, 700, 1, 1500)]
    [InlineData(4, 4, 36, 0, 2, 4000)]
    [InlineData(8, 4, 64, 0, 9, 800)]
    [InlineData(8, 1, 48, 0, 14, 1200)]
    public void DecodingGivesTheSameOnAnyNumberOfThreads(int heads, int kvHeads, int headDim, int window, int queries, int keys)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), 0, window);
        float[] q = Numbers(queries * heads * headDim), k = Numbers(keys * kvHeads * headDim), v = Numbers(keys * kvHeads * headDim);
        float[] expected = Decode(1, spec, q, keys, k, v);
        foreach (int threads in new[] { 2, 3, 5, 16 }) Assert.Equal(expected, Decode(threads, spec, q, keys, k, v));
    }

    [Theory]
    [InlineData(1, 1, 256, 400)]
    [InlineData(8, 1, 256, 64)]
    [InlineData(2, 2, 72, 1030)]
    public void ScratchMemoryIsForeseen(int heads, int kvHeads, int headDim, int tokens)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1);
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = 2 });
        using Matrix x = backend.Allocate(tokens, heads * headDim), k = backend.Allocate(tokens, kvHeads * headDim);
        SequenceBatch batch = new();
        batch.Add(tokens, tokens);
        backend.Attention(x, k, k, batch.Table, spec).Dispose();
        long perThread = CpuBackend.MostScratchBytes(0, 0, 0, 2) - CpuBackend.MostScratchBytes(0, 0, 0, 0);
        Assert.InRange(backend.ScratchBytes, 1, perThread);
    }

    private static float[] Attend(int threads, in AttentionSpec spec, int prefix, int tokens, float[] q, float[] k, float[] v)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = threads });
        using Matrix query = backend.Upload(q, tokens, q.Length / tokens),
            keys = backend.Upload(k, tokens, k.Length / tokens),
            values = backend.Upload(v, tokens, v.Length / tokens);
        SequenceBatch batch = new();
        batch.Add(tokens, prefix);
        using Matrix y = backend.Attention(query, keys, values, batch.Table, spec);
        float[] result = new float[q.Length];
        backend.Download(y, result);
        return result;
    }

    // The queries are the last rows of the sequence, whose keys are in a cache.
    private static float[] Decode(int threads, in AttentionSpec spec, float[] q, int keys, float[] k, float[] v)
    {
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = threads });
        int width = k.Length / keys, queries = q.Length / (spec.Heads * spec.HeadDim);
        using KvCache cache = backend.CreateKvCache(1, width, keys);
        SequenceBatch batch = new();
        batch.Add(keys, 0, cache);
        using (Matrix allKeys = backend.Upload(k, keys, width), values = backend.Upload(v, keys, width))
            backend.AppendKeyValues(allKeys, values, batch.Table, 0);
        batch.Advance();
        cache.Truncate(keys - queries);
        batch.Clear();
        batch.Add(queries, 0, cache);
        using Matrix query = backend.Upload(q, queries, q.Length / queries), y = backend.CachedAttention(query, batch.Table, 0, spec);
        float[] result = new float[q.Length];
        backend.Download(y, result);
        return result;
    }

    private static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 4 * Source.NextSingle() - 2)];
}
