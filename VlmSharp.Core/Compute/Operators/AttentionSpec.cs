namespace VlmSharp.Compute.Operators;

/// <summary>The settings of an attention operator.</summary>
/// <param name="Heads">Query heads H.</param>
/// <param name="KvHeads">Key-value heads K; each serves H / K neighboring query heads (GQA; K = 1 is MQA).</param>
/// <param name="HeadDim">Features of a head D.</param>
/// <param name="Scale">Factor on q.k before soft-cap and softmax.</param>
/// <param name="SoftCap">c of c * tanh(s / c), or 0 for none.</param>
/// <param name="Window">Sliding window in tokens, or 0 for none; see <see cref="SequenceSlice.VisibleStart"/>.</param>
public readonly record struct AttentionSpec(int Heads, int KvHeads, int HeadDim, float Scale, float SoftCap = 0, int Window = 0)
{
    /// <summary>Features of a key or value row: K * D.</summary>
    public int KvWidth => KvHeads * HeadDim;

    internal void CheckQuery(Matrix q, StepTable step) =>
        Shapes.Require(q.Rows == step.Rows && q.Columns == Heads * HeadDim && KvHeads > 0 && Heads % KvHeads == 0,
            $"Attention: q {q}, {step.Rows} rows in the step, {this}");

    internal void CheckGradient(string op, Matrix gradient, Matrix q, Matrix k, Matrix v, Matrix statistics, StepTable step)
    {
        CheckQuery(q, step);
        Shapes.Require(gradient.SameShape(q) && k.Columns == KvWidth && k.Rows == q.Rows && v.SameShape(k)
            && statistics.Rows == q.Rows && statistics.Columns == 2 * Heads,
            $"{op}: gradient {gradient}, q {q}, k {k}, v {v}, statistics {statistics}, {this}");
    }

    internal void CheckCaches(StepTable step, string op)
    {
        foreach (SequenceSlice slice in step.Batch.Slices)
        {
            if (slice.Cache is not { } cache) throw new ArgumentException($"{op}: a sequence has no KV cache.");
            Shapes.Require(cache.Width == KvWidth, $"{op}: cache width {cache.Width}, {this}");
        }
    }
}
