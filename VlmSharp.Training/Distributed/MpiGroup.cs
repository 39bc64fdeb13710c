using System.Collections.Concurrent;

namespace VlmSharp.Training.Distributed;

/// <summary>
/// The processes that an MPI launcher has started: <c>mpirun -n 4 vlmsharp train ...</c>. A thread of its own makes all MPI calls, one after another,
/// so that a sum goes on while the caller computes; see <see cref="SumLater"/>.
/// </summary>
public sealed unsafe class MpiGroup : IProcessGroup
{
    // MPI counts with 32 bits.
    private const int LargestCount = 1 << 28;

    private readonly MpiLibrary mpi;
    private readonly BlockingCollection<(Action Call, TaskCompletionSource Done)> calls = [];
    private readonly Thread thread;
    private readonly TimeSpan patience;
    private bool isLost;

    private MpiGroup(MpiLibrary mpi, TimeSpan patience)
    {
        (this.mpi, this.patience) = (mpi, patience);
        thread = new Thread(Serve) { IsBackground = true, Name = "MPI" };
        thread.Start();
        Run(mpi.Initialize);
        Run(() => (Rank, Size) = (mpi.Rank(), mpi.Size()));
    }

    /// <inheritdoc/>
    public int Rank { get; private set; }

    /// <inheritdoc/>
    public int Size { get; private set; }

    /// <summary>The library that does the work.</summary>
    public string Library => mpi.Name;

    /// <summary>Joins the processes that a launcher has started, or gives a group of one where none did.</summary>
    /// <param name="patience">How long a call waits for the other processes before they are taken for gone; null for ten minutes.</param>
    /// <returns>The group, owned by the caller.</returns>
    /// <exception cref="ProcessGroupException">A launcher started this process, and its library cannot be used.</exception>
    public static IProcessGroup Join(TimeSpan? patience = null) =>
        MpiLibrary.IsLaunched ? new MpiGroup(MpiLibrary.Load(), patience ?? TimeSpan.FromMinutes(10)) : new SingleProcess();

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
        fixed (float* data = values) Reduce((nint)data, values.Length, sizeof(float), mpi.Float);
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
        fixed (double* data = values) Reduce((nint)data, values.Length, sizeof(double), mpi.Double);
    }

    /// <summary>Begins a sum, which goes on beside what the caller does. Sums run in the order in which they were begun.</summary>
    /// <param name="values">Pinned numbers of this process, not to be touched until the task is done; they become the sums.</param>
    /// <param name="count">How many.</param>
    /// <returns>Done when the sums are there.</returns>
    internal Task SumLater(float* values, int count)
    {
        nint data = (nint)values;
        return Queue(() => ReduceNow(data, count, sizeof(float), mpi.Float));
    }

    /// <inheritdoc/>
    public void Broadcast(Span<float> values, int root)
    {
        fixed (float* start = values)
        {
            (nint data, int count) = ((nint)start, values.Length);
            Run(() =>
            {
                for (int first = 0; first < count; first += LargestCount)
                    mpi.Broadcast((float*)data + first, Math.Min(LargestCount, count - first), mpi.Float, root);
            });
        }
    }

    /// <inheritdoc/>
    public void Barrier() => Run(mpi.Barrier);

    /// <inheritdoc/>
    public void Abort(int exitCode) => mpi.Abort(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
        // A process that has lost another cannot end MPI in order: the others would have to take part.
        if (!isLost && !calls.IsAddingCompleted) Run(mpi.Finish);
        calls.CompleteAdding();
    }

    private void Reduce(nint data, int count, int bytes, nint type) => Run(() => ReduceNow(data, count, bytes, type));

    private void ReduceNow(nint data, int count, int bytes, nint type)
    {
        for (int first = 0; first < count; first += LargestCount)
            mpi.AllReduce((byte*)data + (long)first * bytes, Math.Min(LargestCount, count - first), type);
    }

    private Task Queue(Action call)
    {
        if (isLost) throw new ProcessGroupException("Another process of this training is gone.");
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        calls.Add((call, done));
        return done.Task;
    }

    private void Run(Action call) => Wait(Queue(call));

    /// <summary>Waits for a call, but not for ever: a process that was killed never answers.</summary>
    internal void Wait(Task call)
    {
        if (Task.WaitAny([call], patience) == 0)
        {
            call.GetAwaiter().GetResult(); // throws what the call threw
            return;
        }

        isLost = true;
        throw new ProcessGroupException($"Process {Rank} of {Size} has waited {patience.TotalSeconds:0} s for the others: one of them is gone or stuck. "
            + "Start again with --resume.");
    }

    private void Serve()
    {
        foreach ((Action call, TaskCompletionSource done) in calls.GetConsumingEnumerable())
        {
            try
            {
                call();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
    }
}
