using VlmSharp.Compute;

namespace VlmSharp.Training.Gradients;

/// <summary>An entry of the tape: something that was run, and what must live until the backward pass has read it.</summary>
internal abstract class Entry
{
    private readonly List<Matrix> kept = [];

    /// <summary>Its result; only the handle until the entry keeps it.</summary>
    public Matrix Y { get; protected set; }

    /// <summary>Takes a reference that <see cref="Release"/> gives back.</summary>
    protected void Keep(Matrix x)
    {
        if (x.HasValue) kept.Add(x.Retain());
    }

    /// <summary>Gives all references back.</summary>
    public void Release()
    {
        foreach (Matrix x in kept) x.Dispose();
        kept.Clear();
    }
}

/// <summary>An operator and its operands.</summary>
internal sealed class OperatorEntry : Entry, IOperands
{
    public OperatorEntry(IDifferentiable op, Matrix y)
    {
        (Operator, Y) = (op, y);
        op.Operands(this);
    }

    /// <summary>The operator with its arguments.</summary>
    public IDifferentiable Operator { get; }

    /// <summary>The matrices that it reads.</summary>
    public List<Matrix> Matrices { get; } = [];

    /// <summary>The parameters that it reads.</summary>
    public List<Weight> Weights { get; } = [];

    /// <inheritdoc/>
    public void Add(Matrix x)
    {
        if (x.HasValue) Matrices.Add(x);
    }

    /// <inheritdoc/>
    public void Add(Weight? weight)
    {
        if (weight is not null) Weights.Add(weight);
    }

    /// <summary>Whether a gradient must flow back through it.</summary>
    public bool Flows(IGradients gradients) => Matrices.Exists(gradients.Wants) || Weights.Exists(gradients.Wants);

    /// <summary>Registers the parameters whose gradients it will add to.</summary>
    public void Expect(GradientSums sums)
    {
        foreach (Weight weight in Weights) sums.Expect(weight);
    }

    /// <summary>Keeps operands and result for the backward pass.</summary>
    public void Keep()
    {
        foreach (Matrix x in Matrices) Keep(x);
        Keep(Y);
    }
}

/// <summary>
/// A block of the network that is run again in the backward pass. It keeps its input and everything else that its operators read but did
/// not produce themselves (the rotary angles).
/// </summary>
internal sealed class WatchedBlock : Entry
{
    private readonly HashSet<Matrix> known = []; // kept already, or made inside
    private readonly Matrix input;
    private readonly Func<Matrix, Matrix> body;

    public WatchedBlock(Matrix input, Func<Matrix, Matrix> body)
    {
        (this.input, this.body) = (input, body);
        Meet(input);
    }

    /// <summary>Records an operator that the block has run.</summary>
    public void Saw(OperatorEntry entry)
    {
        foreach (Matrix x in entry.Matrices) Meet(x);
        known.Add(entry.Y);
    }

    /// <summary>Ends the first run.</summary>
    public void Finish(Matrix y)
    {
        Y = y;
        Keep(y);
        known.Clear();
    }

    /// <summary>Runs the block once more.</summary>
    public Matrix Run() => body(input);

    private void Meet(Matrix x)
    {
        if (known.Add(x)) Keep(x);
    }
}
