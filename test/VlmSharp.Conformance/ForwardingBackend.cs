using VlmSharp.Compute;

namespace VlmSharp.Conformance;

/// <summary>A backend that has another do everything: a test overrides what it wants to watch or to change.</summary>
/// <param name="inner">Does the work; owned by the caller.</param>
public abstract class ForwardingBackend(IComputeBackend inner) : IComputeBackend
{
    public string Name => inner.Name;

    public string Description => inner.Description;

    public virtual int Threads => inner.Threads;

    public Tensor Allocate(int rows, int columns) => inner.Allocate(rows, columns);

    public Tensor Upload(ReadOnlySpan<float> values, int rows, int columns) => inner.Upload(values, rows, columns);

    public void Download(Tensor x, Span<float> destination) => inner.Download(x, destination);

    public Weight LoadWeight(in WeightData data) => inner.LoadWeight(data);

    public virtual KvCache CreateKvCache(int layers, int width, int capacity) => inner.CreateKvCache(layers, width, capacity);

    public Tensor PatchEmbed(Tensor pixels, Weight kernel, Weight bias, Weight positions, int patch) => inner.PatchEmbed(pixels, kernel, bias, positions, patch);

    public virtual Tensor Linear(Tensor x, Weight weight, Weight? bias = null, Activation activation = Activation.None, Tensor residual = default) =>
        inner.Linear(x, weight, bias, activation, residual);

    public virtual Tensor LinearRows(Tensor x, Weight weight, ReadOnlySpan<int> rows) => inner.LinearRows(x, weight, rows);

    public Tensor GatedLinear(Tensor x, Weight gate, Weight up) => inner.GatedLinear(x, gate, up);

    public Tensor LayerNorm(Tensor x, Weight weight, Weight bias, float epsilon) => inner.LayerNorm(x, weight, bias, epsilon);

    public Tensor RmsNorm(Tensor x, Weight weight, float epsilon, Tensor residual = default) => inner.RmsNorm(x, weight, epsilon, residual);

    public Tensor RotaryAngles(SequenceBatch batch, int headDim, float frequencyBase, int positionBase) => inner.RotaryAngles(batch, headDim, frequencyBase, positionBase);

    public Tensor Rope(Tensor x, Tensor angles) => inner.Rope(x, angles);

    public void AppendKeyValues(Tensor k, Tensor v, SequenceBatch batch, int layer) => inner.AppendKeyValues(k, v, batch, layer);

    public void CopyKeyValues(KvCache source, KvCache destination, int start, int count) => inner.CopyKeyValues(source, destination, start, count);

    public Tensor Attention(Tensor q, Tensor k, Tensor v, SequenceBatch batch, in AttentionSpec spec) => inner.Attention(q, k, v, batch, spec);

    public Tensor CachedAttention(Tensor q, SequenceBatch batch, int layer, in AttentionSpec spec) => inner.CachedAttention(q, batch, layer, spec);

    public Tensor AttentionWeights(Tensor q, SequenceBatch batch, int layer, in AttentionSpec spec, ReadOnlySpan<int> rows) => inner.AttentionWeights(q, batch, layer, spec, rows);

    public Tensor Embed(Weight table, ReadOnlySpan<int> ids, float scale) => inner.Embed(table, ids, scale);

    public Tensor ReplaceRows(Tensor x, Tensor rows, ReadOnlySpan<int> targets) => inner.ReplaceRows(x, rows, targets);

    public Tensor SelectRows(Tensor x, ReadOnlySpan<int> indices) => inner.SelectRows(x, indices);

    public Tensor SoftCap(Tensor x, float cap) => inner.SoftCap(x, cap);

    public Tensor LogSoftmax(Tensor x) => inner.LogSoftmax(x);

    public void ArgMax(Tensor x, Span<int> indices, Span<float> values) => inner.ArgMax(x, indices, values);

    public void Dispose() => GC.SuppressFinalize(this);
}
