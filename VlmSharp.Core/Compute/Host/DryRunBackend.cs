using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Host;

/// <summary>
/// A backend that sets memory aside and computes nothing: what a model does on it says, to the byte, which activations it needs on
/// any host backend. The numbers in its matrices mean nothing, and nothing is written to caches: memory that is not written
/// to is not taken from the machine.
/// </summary>
internal sealed class DryRunBackend : HostBackend
{
    public override string Name => "dry run";

    public override string Description => "sets memory aside, computes nothing";

    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op.Check() is not { } shape) return default;
        Matrix y = Allocate(shape.Rows, shape.Columns);
        // Every token is as likely as the others: what memory happens to hold could be NaN, of which a search finds no beams,
        // or an id that is none.
        if (typeof(TOperator) == typeof(LogSoftmax) || typeof(TOperator) == typeof(Choose))
            for (int t = 0; t < y.Rows; t++) y.OnHost().Row(t).Clear();
        return y;
    }
}
