using BenchmarkDotNet.Attributes;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Bench;

/// <summary>Attention of the vision encoder (224 and 448 pixels), of a prompt, and of one new token over a long cache.</summary>
[MemoryDiagnoser]
public class AttentionBenchmarks
{
    private readonly SequenceBatch batch = new();
    private CpuBackend backend = null!;
    private KvCache cache = null!;
    private Matrix q;
    private AttentionSpec spec;

    /// <summary>New tokens, total tokens, heads, key-value heads, head size.</summary>
    [Params("256 256 16 16 72", "1024 1024 16 16 72", "260 260 8 1 256", "1 1024 8 1 256", "1 1024 8 4 256")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] n = [.. Shape.Split(' ').Select(int.Parse)];
        int tokens = n[0], total = n[1], width = n[3] * n[4];
        spec = new AttentionSpec(n[2], n[3], n[4], 1 / MathF.Sqrt(n[4]));
        backend = new CpuBackend();
        cache = backend.CreateKvCache(1, width, total);
        var random = new Random(1);
        batch.Add(total, total, cache);
        using Matrix k = backend.Upload([.. Enumerable.Range(0, total * width).Select(_ => random.NextSingle() - 0.5f)], total, width);
        backend.AppendKeyValues(k, k, batch.Table, 0);
        if (total > tokens) batch.Advance();
        cache.Truncate(Math.Max(0, cache.Length - tokens));
        batch.Clear();
        batch.Add(tokens, total, cache);
        q = backend.Upload(
            [.. Enumerable.Range(0, tokens * spec.Heads * spec.HeadDim).Select(_ => random.NextSingle() - 0.5f)],
            tokens,
            spec.Heads * spec.HeadDim);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        cache.Dispose();
        backend.Dispose();
    }

    [Benchmark]
    public void CachedAttention() => backend.CachedAttention(q, batch.Table, 0, spec).Dispose();
}
