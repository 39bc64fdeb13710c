using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Adapters;

/// <summary>
/// A backend that adds the low-rank products of adapters to the outputs of linear layers (LoRA; Hu et al. 2022). Each adapter applies to
/// the rows of the sequences that select it (<see cref="SequenceSlice.Adapter"/>). The model's weights do not change, and all rows share
/// them.
/// <code>
/// y = Linear(x, W, bias, residual)      y[rows] += scale * (x[rows] A^T) B^T
/// </code>
/// </summary>
/// <remarks>
/// A fused operator runs as its parts as soon as any loaded adapter adds to its layer, even if no row of the step takes that adapter. So a
/// row's numbers do not depend on the adapters of other rows. Without adapters every call goes to the inner backend unchanged. In training
/// this backend wraps the tape, with the matrices that are trained (<see cref="Always"/>).
/// </remarks>
/// <param name="inner">Runs the operators; owned by the caller.</param>
internal sealed class LowRankBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly HashSet<string> adapted = []; // names of weights that some adapter adds to
    private Adapter? always;
    private AdapterRows rows = AdapterRows.None;

    /// <summary>An adapter for all rows of every step, whatever the sequences select; null to follow the sequences.</summary>
    public Adapter? Always
    {
        get => always;
        init
        {
            always = value;
            if (value is null) return;
            Add(value);
            rows = AdapterRows.All(value);
        }
    }

    /// <summary>The share of A's inputs that is dropped while <see cref="DropoutKey"/> is set.</summary>
    public float Dropout { get; init; }

    /// <summary>
    /// Selects the dropout masks of a training pass; below 2^47. Every pass has its own key, and a block that runs again has the same key.
    /// Null turns dropout off, as in evaluation.
    /// </summary>
    public long? DropoutKey { get; set; }

    /// <summary>Registers an adapter, so that sequences can select it. The caller keeps owning it.</summary>
    public void Add(Adapter adapter)
    {
        foreach (AdaptedModule module in adapter.Modules) adapted.Add(module.WeightName);
    }

    /// <inheritdoc/>
    public override StepTable Prepare(SequenceBatch batch)
    {
        if (always is null && adapted.Count > 0 && !rows.Fits(batch))
        {
            AdapterRows made = AdapterRows.Of(batch, Inner); // if this fails, the old rows stay usable
            rows.Dispose();
            rows = made;
        }

        return Inner.Prepare(batch);
    }

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is Linear linear && adapted.Contains(linear.Weight.Name))
            return linear.IsComposed ? linear.Compose(this) : RunAdapted(linear);
        if (op is GatedLinear gated && (adapted.Contains(gated.Gate.Name) || adapted.Contains(gated.Up.Name))) return gated.Compose(this);
        return Inner.Run(op);
    }

    /// <inheritdoc/>
    public override TResult RunFused<TOperator, TResult>(in TOperator op) =>
        adapted.Count > 0 ? op.Compose(this) : Inner.RunFused<TOperator, TResult>(op);

    /// <summary>Lets the inner backend record, under a key that includes which rows take which adapter.</summary>
    /// <inheritdoc cref="IComputeBackend.Replay"/>
    public override Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body) =>
        Inner.Replay(rows.Identity is { } adapters ? key with { Arguments = (key.Arguments, adapters) } : key, input, state, body);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        rows.Dispose();
        rows = AdapterRows.None;
        base.Dispose(disposing);
    }

    private Matrix RunAdapted(in Linear op)
    {
        Matrix y = Inner.Run(op); // [T, out]
        foreach ((Adapter adapter, Indices part) in rows.Parts)
        {
            if (adapter.Find(op.Weight.Name) is not { } low) continue;
            using Matrix before = y;
            y = part.HasValue ? AddToRows(low, op.X, before, part) : Add(low, op.X, before); // [T, out]
        }

        return y;
    }

    /// <summary>y + scale * (x A^T) B^T.</summary>
    private Matrix Add(LowRank low, Matrix x, Matrix y)
    {
        using Matrix kept = DropoutKey is { } pass && Dropout > 0
            ? Inner.Dropout(x, Dropout, (pass << 16) | (uint)low.Number)
            : x.Retain(); // [T, in]
        using Matrix thin = Inner.Linear(kept, low.A); // [T, rank]
        using Matrix scaled = Inner.Scale(thin, low.Scale); // [T, rank]
        return Inner.Linear(scaled, low.B, residual: y); // [T, out]
    }

    /// <summary>The same for some rows; the others do not change.</summary>
    private Matrix AddToRows(LowRank low, Matrix x, Matrix y, Indices part)
    {
        using Matrix xs = Inner.SelectRows(x, part), ys = Inner.SelectRows(y, part); // [n, in], [n, out]
        using Matrix sum = Add(low, xs, ys); // [n, out]
        return Inner.ReplaceRows(y, sum, part); // [T, out]
    }
}
