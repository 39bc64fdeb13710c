using VlmSharp.Compute;

namespace VlmSharp.Conformance;

/// <summary>Adds sequences whose past keys and values do not matter, to give a step odd positions.</summary>
internal sealed class SequenceBatchBuilder : IDisposable
{
    public SequenceBatchBuilder(IComputeBackend backend, int width, int past)
    {
        Cache = backend.CreateKvCache(1, width, past + 100);
        Batch.Add(past, 0, Cache);
        Batch.Advance();
        Batch.Clear();
    }

    public SequenceBatch Batch { get; } = new();

    public KvCache Cache { get; }

    public void Dispose() => Cache.Dispose();
}
