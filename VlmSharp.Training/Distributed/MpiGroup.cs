using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VlmSharp.Training.Distributed;

/// <summary>
/// The processes started by an MPI launcher: <c>mpirun -n 4 vlmsharp train ...</c>. A dedicated thread makes all MPI calls in order, so
/// that a sum continues while the caller computes; see <see cref="SumLater"/>.
/// </summary>
/// <remarks>
/// A call that waits for a lost process never returns, so the caller gives up and abandons the thread: within a second if a process of
/// this machine has ended; in process 0, if it was asked to stop and the others have not arrived within
/// <see cref="StopPatience"/>; otherwise after the given patience. Memory that the thread may still write to is never freed.
/// </remarks>
public sealed unsafe class MpiGroup : IProcessGroup
{
    /// <summary>How long process 0, asked to stop, waits for the others: launchers that end all processes kill them soon after.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a call waits for the other processes when nothing else is said.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(30);

    // MPI counts with 32 bits.
    private const int LargestCount = 1 << 28;
    private const int ScratchBytes = 1 << 22;
    private const int LookEvery = 100, LookAgain = 250; // ms

    private readonly MpiLibrary mpi;
    private readonly BlockingCollection<(Action Call, TaskCompletionSource Done)> calls = [];
    private readonly Thread thread;
    private readonly TimeSpan patience;
    private readonly CancellationToken stop;
    private readonly byte* scratch; // what goes through MPI: the memory of a caller who has given up is no longer its own
    private readonly LocalProcesses? local;
    private bool isDisposed;

    private MpiGroup(MpiLibrary mpi, int launched, TimeSpan patience, CancellationToken stop)
    {
        (this.mpi, this.patience, this.stop) = (mpi, patience, stop);
        scratch = (byte*)NativeMemory.AlignedAlloc(ScratchBytes, 64);
        thread = new Thread(Serve) { IsBackground = true, Name = "MPI" };
        thread.Start();
        Run(mpi.Initialize);
        Run(() => (Rank, Size) = (mpi.Rank(), mpi.Size()));
        if (Size == 1)
        {
            // Each process would train alone, into the same folder.
            throw new ProcessGroupException($"A launcher has started {launched} processes, and {mpi.Name} sees one of them: it is not the "
                + "launcher's library. "
                + "Set VLMSHARP_MPI_LIBRARY to the file of the one that is.");
        }

        local = new LocalProcesses(this);
    }

    /// <inheritdoc/>
    public int Rank { get; private set; }

    /// <inheritdoc/>
    public int Size { get; private set; }

    /// <summary>The library that does the work.</summary>
    public string Library => mpi.Name;

    /// <summary>Whether another process is gone: every further call fails.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>Joins the processes that a launcher has started, or returns a group of one if there was no launcher.</summary>
    /// <param name="variable">Returns an environment variable (launchers set some), or null.</param>
    /// <param name="patience">
    /// How long a call waits before the other processes are considered gone; null for <see cref="DefaultPatience"/>.
    /// </param>
    /// <param name="stop">Asks the training to stop: process 0 waits only <see cref="StopPatience"/> from then on.</param>
    /// <returns>The group, owned by the caller.</returns>
    /// <exception cref="ProcessGroupException">A launcher started this process, and its library cannot be used.</exception>
    public static IProcessGroup Join(Func<string, string?> variable, TimeSpan? patience = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(variable);
        var launcher = new MpiLauncher(variable);
        return launcher.Size > 1
            ? new MpiGroup(MpiLibrary.Load(launcher), launcher.Size, patience ?? DefaultPatience, stop)
            : new SingleProcess();
    }

    /// <inheritdoc/>
    public void Sum(Span<float> values) => InParts(values, sends: true, receives: true, count => mpi.AllReduce(scratch, count, mpi.Float));

    /// <inheritdoc/>
    public void Sum(Span<double> values) =>
        InParts(values, sends: true, receives: true, count => mpi.AllReduce(scratch, count, mpi.Double));

    /// <summary>Begins an asynchronous sum. Sums run in the order in which they were begun.</summary>
    /// <param name="values">Pinned numbers of this process, not to be touched until the task is done; replaced by the sums.</param>
    /// <param name="count">How many.</param>
    /// <returns>Done when the sums are there. If the group is lost before that, the memory must not be freed.</returns>
    internal Task SumLater(float* values, int count)
    {
        nint data = (nint)values;
        return Queue(() =>
        {
            for (int first = 0; first < count; first += LargestCount)
                mpi.AllReduce((float*)data + first, Math.Min(LargestCount, count - first), mpi.Float);
        });
    }

    /// <inheritdoc/>
    public void Broadcast(Span<float> values, int root) =>
        InParts(values, sends: Rank == root, receives: Rank != root, count => mpi.Broadcast(scratch, count, mpi.Float, root));

    /// <inheritdoc/>
    public void Barrier() => Run(mpi.Barrier);

    /// <inheritdoc/>
    public void Abort(int exitCode) => mpi.Abort(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        try
        {
            // A process that has lost another cannot end MPI in order: the others would have to take part.
            if (!IsLost) Run(mpi.Finish);
        }
        catch (ProcessGroupException)
        {
            // The work is done; a lost process does not matter any more.
        }

        calls.CompleteAdding();
        if (!IsLost) NativeMemory.AlignedFree(scratch);
        else if (Rank != 0) LetTheFirstSave();
        local?.Dispose();
    }

    /// <summary>
    /// A launcher kills all processes when one fails, so this one waits for process 0, which may be saving.
    /// </summary>
    private void LetTheFirstSave()
    {
        long start = Stopwatch.GetTimestamp();
        while (local is not null && !local.IsGone(0) && Stopwatch.GetElapsedTime(start) < patience) Thread.Sleep(LookEvery);
    }

    private void InParts<T>(Span<T> values, bool sends, bool receives, Action<int> call) where T : unmanaged
    {
        int most = ScratchBytes / sizeof(T);
        while (!values.IsEmpty)
        {
            Span<T> part = values[..Math.Min(most, values.Length)], shared = new(scratch, part.Length);
            int count = part.Length;
            if (sends) part.CopyTo(shared);
            Run(() => call(count));
            if (receives) shared.CopyTo(part);
            values = values[count..];
        }
    }

    private Task Queue(Action call)
    {
        if (IsLost) throw new ProcessGroupException("Another process of this training is gone.");
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        calls.Add((call, done));
        return done.Task;
    }

    private void Run(Action call) => Wait(Queue(call));

    /// <summary>Waits for a call, but not for ever.</summary>
    /// <exception cref="ProcessGroupException">Another process is gone, or taken for it.</exception>
    internal void Wait(Task call)
    {
        long start = Stopwatch.GetTimestamp(), asked = 0;
        while (Task.WaitAny([call], LookEvery) < 0)
        {
            if (asked == 0 && stop.IsCancellationRequested) asked = Stopwatch.GetTimestamp();
            string? reason = local?.HasLost == true ? "one of the others has ended"
                : Rank == 0 && asked != 0 && Stopwatch.GetElapsedTime(asked) > StopPatience ? $"it is to stop, and in "
                    + $"{StopPatience.TotalSeconds:0} s the others have not come"
                : Stopwatch.GetElapsedTime(start) > patience ? $"it has waited {patience.TotalSeconds:0} s for the others, and one of them "
                    + "is gone or stuck"
                : null;
            // A process that ends may have sent everything this call waits for.
            if (reason is null || Task.WaitAny([call], LookAgain) == 0) continue;
            IsLost = true;
            throw new ProcessGroupException($"Process {Rank} of {Size} gives up: {reason}. Start again with --resume.");
        }

        call.GetAwaiter().GetResult(); // throws what the call threw
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
                IsLost = true; // after an error MPI promises nothing
                done.SetException(e);
            }
        }
    }
}
