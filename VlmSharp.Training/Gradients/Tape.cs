using VlmSharp.Compute;

namespace VlmSharp.Training.Gradients;

/// <summary>
/// Reverse-mode differentiation: a backend that forwards all work to another one and records each operator that depends on a trained
/// parameter. <see cref="Backward"/> reads the list from its end and applies each operator's chain rule (<see cref="IDifferentiable"/>).
/// </summary>
/// <remarks>
/// <para>The model's forward code runs on it unchanged. Operators with one kernel for several steps are run as their parts
/// (<see cref="IComposite"/>), because the gradient needs the intermediate results.</para>
/// <para>With <see cref="Checkpointing"/> a block of the network leaves one entry, which keeps the block's input and runs it again
/// in the backward pass. The second run has the same operators on the same numbers, so the gradients have the same bits.</para>
/// <para>Ids and step tables that a recorded operator reads must live until the backward pass has ended.</para>
/// </remarks>
public sealed class Tape : DelegatingBackend
{
    private readonly HashSet<Weight> trained = [];
    private readonly GradientSums sums;
    private readonly HashSet<Matrix> wanted = []; // results that a trained parameter lies behind
    private List<Entry> entries = [];
    private WatchedBlock? watched; // the block whose operators are run, but not kept
    private bool isRecording, isRerun;

    /// <summary>Creates a tape that records nothing yet.</summary>
    /// <param name="inner">Runs the operators and their gradients; owned by the caller.</param>
    public Tape(IComputeBackend inner) : base(inner) => sums = new GradientSums(inner, trained, wanted);

    /// <summary>
    /// Whether a block keeps only its input and is run a second time: about a third more arithmetic for a fraction of the memory.
    /// </summary>
    public bool Checkpointing { get; init; } = true;

    /// <summary>Asks for a parameter's gradient.</summary>
    /// <param name="weight">A parameter of the model in a format that can be trained.</param>
    public void Train(Weight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        trained.Add(weight);
    }

    /// <summary>The sum of a parameter's gradients over all passes since <see cref="Clear"/>.</summary>
    /// <param name="weight">A trained parameter.</param>
    /// <returns>Has the parameter's shape, owned by the tape; <c>default</c> if there is none.</returns>
    public Matrix Gradient(Weight weight) => sums.Of(weight);

    /// <summary>Removes and returns the sum of a parameter's gradients: the sum starts again.</summary>
    /// <param name="weight">A trained parameter.</param>
    /// <returns>Has the parameter's shape, owned by the caller; <c>default</c> if there is none.</returns>
    public Matrix Take(Weight weight) => sums.TakeOf(weight);

    /// <summary>Replaces a parameter's gradient by another sum, for instance the sum over all ranks.</summary>
    /// <param name="weight">A parameter that <see cref="Train"/> was called with.</param>
    /// <param name="gradient">Has the parameter's shape; ownership passes to the tape.</param>
    public void Replace(Weight weight, Matrix gradient) => sums.Replace(weight, gradient);

    /// <summary>Runs a forward pass and records it.</summary>
    /// <param name="forward">Calls the backend's operators, and returns the matrix whose gradient is given later.</param>
    /// <returns>Its result, owned by the caller.</returns>
    public Matrix Record(Func<Matrix> forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        if (isRecording) throw new InvalidOperationException("The tape is recording already.");
        isRecording = true;
        try
        {
            return forward();
        }
        catch
        {
            Forget();
            throw;
        }
        finally
        {
            isRecording = false;
        }
    }

    /// <summary>Adds the gradients of the recording to the sums, and clears the recording.</summary>
    /// <param name="y">The result of the recorded pass.</param>
    /// <param name="dy">dL/dy, with the shape of y; still owned by the caller.</param>
    /// <param name="ready">Called for each parameter as soon as its sum is complete in this pass, or null.</param>
    public void Backward(Matrix y, Matrix dy, Action<Weight>? ready = null)
    {
        if (isRecording) throw new InvalidOperationException("The pass back begins after the recording.");
        if (!y.SameShape(dy)) throw new ArgumentException($"The gradient {dy} has not the shape of the result {y}.");
        if (!wanted.Contains(y)) throw new ArgumentException("No trained parameter lies behind the result, or it was not recorded.");
        sums.Begin(ready);
        try
        {
            sums.Add(y, dy.Retain());
            Unwind(entries);
            sums.Finish();
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>Begins the sums anew.</summary>
    public void Clear() => sums.Clear();

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (!isRecording) return Inner.Run(op);
        if (op is IComposite { IsComposed: true } whole) return whole.Compose(this);
        if (op is not IDifferentiable differentiable)
            throw new NotSupportedException($"{typeof(TOperator).Name} has no gradient, so it cannot stand in a recorded pass.");
        Matrix y = Inner.Run(op);
        var entry = new OperatorEntry(differentiable, y);
        watched?.Saw(entry);
        if (!entry.Flows(sums)) return y;
        wanted.Add(y);
        if (!isRerun) entry.Expect(sums); // a block's parameters are counted when it runs first
        if (watched is not null) return y;
        entry.Keep();
        entries.Add(entry);
        return y;
    }

    /// <inheritdoc/>
    public override Matrix Block<TState>(Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (!isRecording || !Checkpointing || isRerun || watched is not null) return body(input, state);
        var block = new WatchedBlock(input, x => body(x, state));
        watched = block;
        try
        {
            Matrix y = body(input, state);
            if (!wanted.Contains(y))
            {
                block.Release();
                return y;
            }

            block.Finish(y);
            entries.Add(block);
            return y;
        }
        catch
        {
            block.Release();
            throw;
        }
        finally
        {
            watched = null;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Forget();
        Clear();
        base.Dispose(disposing);
    }

    /// <summary>Applies the chain rule to entries, the last first, and releases each.</summary>
    private void Unwind(List<Entry> list)
    {
        for (int i = list.Count - 1; i >= 0; i--)
        {
            Entry entry = list[i];
            list.RemoveAt(i);
            try
            {
                using Matrix dy = sums.Take(entry.Y);
                if (!dy.HasValue) continue; // nothing that the loss depends on reads it
                if (entry is OperatorEntry single) single.Operator.Backward(sums, entry.Y, dy);
                else UnwindBlock((WatchedBlock)entry, dy);
            }
            finally
            {
                entry.Release();
            }
        }
    }

    /// <summary>Runs a block again, this time recorded, and goes back through it.</summary>
    private void UnwindBlock(WatchedBlock block, Matrix dy)
    {
        List<Entry> outer = entries;
        entries = [];
        try
        {
            isRecording = isRerun = true;
            using Matrix y = block.Run();
            isRecording = isRerun = false;
            sums.Add(y, dy.Retain());
            Unwind(entries);
        }
        finally
        {
            isRecording = isRerun = false;
            foreach (Entry entry in entries) entry.Release();
            entries = outer;
        }
    }

    private void Forget()
    {
        foreach (Entry entry in entries) entry.Release();
        entries.Clear();
        wanted.Clear();
        sums.End();
    }
}
