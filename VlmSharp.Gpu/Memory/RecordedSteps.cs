using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Steps that repeat: recorded the second time and replayed from then on. The first run is a normal one: it compiles kernels, fills tables
/// and makes the host wait, which a recording must not. A recording becomes invalid when memory that it refers to has moved (caches, tables
/// of rules), or when sequences can grow longer than those it was made for. Everything then starts again with a normal run. Only the last
/// few are kept.
/// </summary>
/// <param name="context">The device that records; not disposed of.</param>
/// <param name="tables">The tables of the steps.</param>
internal sealed class RecordedSteps(GpuContext context, StepTables tables) : IDisposable
{
    private const int MostKept = 8;

    private readonly LinkedList<Step> steps = new(); // the last used first
    private bool cannotRecord;

    /// <summary>Runs the body, or replays what it queued before.</summary>
    public Matrix Run<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        if (cannotRecord) return body(input, state);
        Step step = Find(key) ?? Add(key);
        if (step.Moves != Moves || !Fits(step))
        {
            step.Clear(context);
            Matrix plain = body(input, state);
            (step.Moves, step.Table) = (Moves, tables.Last);
            return plain;
        }

        if (step.Recording is null && (step.CannotRecord || !Record(step, input, state, body))) return body(input, state);
        CopyMatrix(input, step.Input);
        step.Recording!.Queue();
        Matrix y = context.AllocateLike(step.Result);
        CopyMatrix(step.Result, y);
        context.BeginRead(y);
        return y;
    }

    private bool Fits(Step step) => step.Table is null ? tables.Last is null : tables.Last is not null && tables.Last.Fits(step.Table);

    private int Moves => context.Arena.Moves + context.Rules.Drops;

    private Step? Find(ReplayKey key)
    {
        for (LinkedListNode<Step>? node = steps.First; node is not null; node = node.Next)
        {
            if (!node.Value.Key.Equals(key)) continue;
            steps.Remove(node);
            steps.AddFirst(node);
            return node.Value;
        }

        return null;
    }

    private Step Add(ReplayKey key)
    {
        if (steps.Count == MostKept)
        {
            steps.Last!.Value.Clear(context);
            steps.RemoveLast();
        }

        return steps.AddFirst(new Step(key)).Value;
    }

    // The body runs on a copy of the input, in memory that belongs to the recording.
    private bool Record<TState>(Step step, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        step.Input = context.AllocateLike(input);
        if (!context.Device.BeginRecording())
        {
            cannotRecord = true;
            step.Clear(context);
            return false;
        }

        context.Pool.BeginRecording();
        try
        {
            step.Result = body(step.Input, state);
        }
        catch (Exception e) when (e is VlmSharpException or AcceleratorException)
        {
            // There is no memory for a recording, or the driver refuses a call during one: the step runs without.
            step.CannotRecord = true;
        }
        finally
        {
            step.Memory = context.Pool.EndRecording();
            step.Recording = context.Device.EndRecording();
            step.Table = tables.Last;
            if (step.Recording is null || !step.Result.HasValue)
            {
                step.CannotRecord = true;
                step.Clear(context);
            }
        }

        return step.Recording is not null;
    }

    private void CopyMatrix(Matrix from, Matrix to)
    {
        if (from.Block().IsNarrow) context.Device.Copy(from.Chunks(), to.Chunks());
        else context.Device.Copy(from.Floats(), to.Floats());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Step step in steps) step.Clear(context);
        steps.Clear();
    }

    /// <summary>A key that was seen, and its recording, if any.</summary>
    private sealed class Step(ReplayKey key)
    {
        public ReplayKey Key => key;

        public IRecording? Recording { get; set; }

        public Matrix Input { get; set; }

        public Matrix Result { get; set; }

        public RecordedMemory? Memory { get; set; }

        /// <summary>Whether recording it has failed.</summary>
        public bool CannotRecord { get; set; }

        /// <summary>The count of moves at its last normal run; -1 if there was none.</summary>
        public int Moves { get; set; } = -1;

        /// <summary>The table of that run, or of the recording.</summary>
        public DeviceStepTable? Table { get; set; }

        /// <summary>Frees the memory after the replays that still use it.</summary>
        public void Clear(GpuContext context)
        {
            if (Recording is not null) context.Device.Wait(); // a graph must not be freed while it runs
            Recording?.Dispose();
            Recording = null;
            Result.Dispose();
            Input.Dispose();
            (Result, Input) = (default, default);
            if (Memory is not null) context.Pool.Release(Memory);
            Memory = null;
        }
    }
}
