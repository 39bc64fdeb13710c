using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>
/// Records and replays like a device with graphs: a recording reads and writes fixed addresses. It holds its input and all results.
/// Everything else that it reads must not have moved; otherwise the replay reads a disposed matrix and throws.
/// </summary>
internal sealed unsafe class ReplayingBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Dictionary<ReplayKey, Recording> recordings = [];
    private Recording? current; // while a body is recorded

    public override bool IsQueued => true;

    /// <summary>The number of bodies that were run and recorded.</summary>
    public int Recorded => recordings.Count;

    /// <summary>The number of calls that replayed a recording.</summary>
    public int Replayed { get; private set; }

    public override Matrix Run<TOperator>(in TOperator op)
    {
        Matrix y = base.Run(op);
        if (current is null) return y;
        if (y.HasValue) current.Held.Add(y.Retain());
        TOperator recorded = op;
        current.Queue.Add(() =>
        {
            using Matrix again = Inner.Run(recorded);
            if (y.HasValue) Copy(again, y);
        });
        return y;
    }

    public override Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        if (!recordings.TryGetValue(key, out Recording? recording))
        {
            recordings[key] = recording = current = new Recording(Inner.Allocate(input.Rows, input.Columns));
            Copy(input, recording.Input);
            recording.Result = body(recording.Input, state);
            current = null;
        }
        else
        {
            Replayed++;
            Copy(input, recording.Input);
            foreach (Action op in recording.Queue) op();
        }

        Matrix y = Inner.Allocate(recording.Result.Rows, recording.Result.Columns);
        Copy(recording.Result, y);
        return y;
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Recording recording in recordings.Values)
        {
            recording.Input.Dispose();
            recording.Result.Dispose();
            foreach (Matrix held in recording.Held) held.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void Copy(Matrix from, Matrix to) =>
        new ReadOnlySpan<float>(from.OnHost().Data, (int)from.Length).CopyTo(new Span<float>(to.OnHost().Data, (int)to.Length));

    private sealed class Recording(Matrix input)
    {
        public Matrix Input { get; } = input;

        public Matrix Result { get; set; }

        public List<Matrix> Held { get; } = [];

        public List<Action> Queue { get; } = [];
    }
}
