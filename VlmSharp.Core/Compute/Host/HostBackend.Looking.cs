
namespace VlmSharp.Compute.Host;

/// <summary>The operator that is for looking: plain loops serve every backend in host memory.</summary>
public abstract unsafe partial class HostBackend
{
    /// <inheritdoc/>
    public Matrix AttentionWeights(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec, ReadOnlySpan<int> rows)
    {
        CheckQuery(q, batch, spec);
        CheckIndices(rows, q.Rows, "AttentionWeights");
        int longest = 0;
        foreach (SequenceSlice slice in batch.Slices)
        {
            int width = Cache(slice.Cache).Width;
            Check(width == spec.KvHeads * spec.HeadDim, $"AttentionWeights: cache width {width}, {spec}");
            longest = Math.Max(longest, slice.Past + slice.RowCount);
        }

        Matrix y = Allocate(checked(rows.Length * spec.Heads), longest);
        for (int i = 0; i < rows.Length; i++)
        {
            SequenceSlice slice = SliceOf(batch, rows[i]);
            HostMatrix keys = new(Cache(slice.Cache).Keys(layer).Data, slice.Past + slice.RowCount, spec.KvHeads * spec.HeadDim);
            HostMatrix weights = new(Matrix(y).RowPointer(i * spec.Heads), spec.Heads, longest); // [H, L]
            Reference.Attention.ExecuteWeights(Matrix(q), rows[i] - slice.RowStart, keys, slice, spec, weights);
        }

        return y;
    }

    private static SequenceSlice SliceOf(SequenceBatch batch, int row)
    {
        foreach (SequenceSlice slice in batch.Slices)
            if (row < slice.RowStart + slice.RowCount) return slice;
        throw new ArgumentException($"Row {row} is outside of the step's {batch.TotalRows} rows.");
    }
}
