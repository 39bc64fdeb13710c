using VlmSharp.Compute;

namespace VlmSharp.Conformance;

/// <summary>A backend that has another do everything: a test overrides what it wants to watch or to change.</summary>
/// <param name="inner">Does the work; owned by the caller.</param>
public abstract class ForwardingBackend(IComputeBackend inner) : IComputeBackend
{
    public string Name => inner.Name;

    public string Description => inner.Description;

    public virtual int Threads => inner.Threads;

    public Matrix Allocate(int rows, int columns) => inner.Allocate(rows, columns);

    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns) => inner.Upload(values, rows, columns);

    public void Download(Matrix x, Span<float> destination) => inner.Download(x, destination);

    public Weight LoadWeight(in WeightData data) => inner.LoadWeight(data);

    public virtual KvCache CreateKvCache(int layers, int width, int capacity) => inner.CreateKvCache(layers, width, capacity);

    public Matrix PatchEmbed(Matrix pixels, Weight kernel, Weight bias, Weight positions, int patch) => inner.PatchEmbed(pixels, kernel, bias, positions, patch);

    public virtual Matrix Linear(Matrix x, Weight weight, Weight? bias = null, Activation activation = Activation.None, Matrix residual = default) =>
        inner.Linear(x, weight, bias, activation, residual);

    public virtual Matrix LinearRows(Matrix x, Weight weight, ReadOnlySpan<int> rows) => inner.LinearRows(x, weight, rows);

    public Matrix GatedLinear(Matrix x, Weight gate, Weight up) => inner.GatedLinear(x, gate, up);

    public Matrix LayerNorm(Matrix x, Weight weight, Weight bias, float epsilon) => inner.LayerNorm(x, weight, bias, epsilon);

    public Matrix RmsNorm(Matrix x, Weight weight, float epsilon, Matrix residual = default) => inner.RmsNorm(x, weight, epsilon, residual);

    public Matrix RotaryAngles(SequenceBatch batch, int headDim, float frequencyBase, int positionBase) => inner.RotaryAngles(batch, headDim, frequencyBase, positionBase);

    public Matrix Rope(Matrix x, Matrix angles) => inner.Rope(x, angles);

    public void AppendKeyValues(Matrix k, Matrix v, SequenceBatch batch, int layer) => inner.AppendKeyValues(k, v, batch, layer);

    public void CopyKeyValues(KvCache source, KvCache destination, int start, int count) => inner.CopyKeyValues(source, destination, start, count);

    public Matrix Attention(Matrix q, Matrix k, Matrix v, SequenceBatch batch, in AttentionSpec spec) => inner.Attention(q, k, v, batch, spec);

    public Matrix CachedAttention(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec) => inner.CachedAttention(q, batch, layer, spec);

    public Matrix AttentionWeights(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec, ReadOnlySpan<int> rows) => inner.AttentionWeights(q, batch, layer, spec, rows);

    public Matrix Embed(Weight table, ReadOnlySpan<int> ids, float scale) => inner.Embed(table, ids, scale);

    public Matrix ReplaceRows(Matrix x, Matrix rows, ReadOnlySpan<int> targets) => inner.ReplaceRows(x, rows, targets);

    public Matrix SelectRows(Matrix x, ReadOnlySpan<int> indices) => inner.SelectRows(x, indices);

    public Matrix SoftCap(Matrix x, float cap) => inner.SoftCap(x, cap);

    public Matrix LogSoftmax(Matrix x) => inner.LogSoftmax(x);

    public void ArgMax(Matrix x, Span<int> indices, Span<float> values) => inner.ArgMax(x, indices, values);

    public void Dispose() => GC.SuppressFinalize(this);
}
