using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Adapters;

/// <summary>
/// A backend that adds the low-rank products of adapters behind the linear layers that they are for (LoRA; Hu et al. 2022), each for the rows of the
/// sequences that take it (<see cref="SequenceSlice.Adapter"/>). The model and its weights stay as they are and are shared by all rows.
/// <code>
/// y = Linear(x, W, bias, residual)      y[rows] += scale * (x[rows] A^T) B^T
/// </code>
/// </summary>
/// <remarks>
/// An operator that is a linear layer and more is run as its parts as soon as any adapter that is loaded adds to the layer, whatever the step's rows take:
/// so a row's numbers do not depend on its neighbors' adapters. Without adapters everything is handed on.
/// For training it stands above the tape, with matrices that are trained (<see cref="Always"/>).
/// </remarks>
/// <param name="inner">Does the work; owned by the caller.</param>
internal sealed class LowRankBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly HashSet<string> adapted = []; // names of weights that some adapter adds to
    private Adapter? always;
    private AdapterRows rows = AdapterRows.None;

    /// <summary>The adapter of all rows of every step, whatever the sequences say; null to do as they say.</summary>
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
    /// Names the masks of a training pass, below 2^47: another one for every pass, the same where a block is run again. Null for no dropout, as in evaluation.
    /// </summary>
    public long? DropoutKey { get; set; }

    /// <summary>Makes an adapter known, so that sequences can take it. It stays its owner's.</summary>
    public void Add(Adapter adapter)
    {
        foreach (AdaptedModule module in adapter.Modules) adapted.Add(module.WeightName);
    }

    /// <inheritdoc/>
    public override StepTable Prepare(SequenceBatch batch)
    {
        if (always is null && adapted.Count > 0 && !rows.Fits(batch))
        {
            rows.Dispose();
            rows = AdapterRows.Of(batch, Inner);
        }

        return Inner.Prepare(batch);
    }

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is Linear linear && adapted.Contains(linear.Weight.Name)) return linear.IsComposed ? linear.Compose(this) : RunAdapted(linear);
        if (op is GatedLinear gated && (adapted.Contains(gated.Gate.Name) || adapted.Contains(gated.Up.Name))) return gated.Compose(this);
        return Inner.Run(op);
    }

    /// <inheritdoc/>
    public override TResult RunFused<TOperator, TResult>(in TOperator op) =>
        adapted.Count > 0 ? op.Compose(this) : Inner.RunFused<TOperator, TResult>(op);

    /// <summary>Lets the other backend record, under a key that says which rows take which adapter.</summary>
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
        using Matrix kept = DropoutKey is { } pass && Dropout > 0 ? Inner.Dropout(x, Dropout, (pass << 16) | (uint)low.Number) : x.Retain(); // [T, in]
        using Matrix thin = Inner.Linear(kept, low.A); // [T, rank]
        using Matrix scaled = Inner.Scale(thin, low.Scale); // [T, rank]
        return Inner.Linear(scaled, low.B, residual: y); // [T, out]
    }

    /// <summary>The same for some rows; the others stay.</summary>
    private Matrix AddToRows(LowRank low, Matrix x, Matrix y, Indices part)
    {
        using Matrix xs = Inner.SelectRows(x, part), ys = Inner.SelectRows(y, part); // [n, in], [n, out]
        using Matrix sum = Add(low, xs, ys); // [n, out]
        return Inner.ReplaceRows(y, sum, part); // [T, out]
    }
}
