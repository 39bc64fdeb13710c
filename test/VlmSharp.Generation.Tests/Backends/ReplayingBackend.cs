using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>
/// Records and replays like a device with graphs: a recording reads and writes fixed places. It holds the input's place and all results;
/// what else it reads must still be where it was, or the replay reads a matrix that was disposed of, and throws.
/// </summary>
internal sealed unsafe class ReplayingBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Dictionary<ReplayKey, Recording> recordings = [];
    private Recording? current; // while a body is recorded

    public override bool IsQueued => true;

    /// <summary>Bodies that were called.</summary>
    public int Recorded => recordings.Count;

    /// <summary>Calls that a recording answered.</summary>
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
