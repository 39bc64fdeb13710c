using System.Runtime.CompilerServices;

namespace VlmSharp.Compute.Host;

// What callers hand over: handles turned into memory, shapes checked.
public abstract unsafe partial class HostBackend
{
    private static HostMatrix Matrix(Matrix x) => x.Storage is HostMatrixStorage host
        ? new HostMatrix(host.Data, x.Rows, x.Columns)
        : throw new ArgumentException($"The tensor {x} belongs to another backend.");

    private static HostMatrix Optional(Matrix x) => x.HasValue ? Matrix(x) : default;

    private static HostWeight Host(Weight weight) =>
        weight as HostWeight ?? throw new ArgumentException($"The weight {weight} belongs to another backend.");

    private static HostKvCache Cache(KvCache? cache) =>
        cache as HostKvCache ?? throw new ArgumentException("A sequence has no KV cache of this backend.");

    private static bool IsVector(Weight weight, int length) => weight.Rows == 1 && weight.Columns == length;

    private static void CheckQuery(Matrix q, SequenceBatch batch, in AttentionSpec spec) =>
        Check(q.Rows == batch.TotalRows && q.Columns == spec.Heads * spec.HeadDim && spec.KvHeads > 0 && spec.Heads % spec.KvHeads == 0,
            $"Attention: q {q}, {batch.TotalRows} rows in the step, {spec}");

    private static void CheckIndices(ReadOnlySpan<int> indices, int rows, string op)
    {
        foreach (int index in indices)
            if ((uint)index >= (uint)rows) throw new ArgumentException($"{op}: row {index} is outside of {rows} rows.");
    }

    private static void Check(bool fits, [InterpolatedStringHandlerArgument(nameof(fits))] ShapeMessage message)
    {
        if (!fits) throw new ArgumentException($"Shapes do not fit. {message.Text}.");
    }
}
