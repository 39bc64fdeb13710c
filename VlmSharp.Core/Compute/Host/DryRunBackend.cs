using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Host;

/// <summary>
/// A backend that allocates memory and computes nothing. Running a model on it shows, to the byte, how much activation memory the model
/// needs on any host backend. The numbers in its matrices are meaningless. Nothing is written to caches, because the system provides memory
/// only when it is written to.
/// </summary>
internal sealed class DryRunBackend : HostBackend
{
    public override string Name => "dry run";

    public override string Description => "sets memory aside, computes nothing";

    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op.Check() is not { } shape) return default;
        Matrix y = Allocate(shape.Rows, shape.Columns);
        // Makes all tokens equally likely. Undefined memory could hold NaN, for which a search finds no beams, or an invalid id.
        if (typeof(TOperator) == typeof(LogSoftmax) || typeof(TOperator) == typeof(Choose))
            for (int t = 0; t < y.Rows; t++) y.OnHost().Row(t).Clear();
        return y;
    }
}
