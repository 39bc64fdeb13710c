using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VlmSharp.Training.Loop;

/// <summary>How a training has ended.</summary>
public enum TrainingEnd
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Ctrl-C or a cancellation: saved, to go on later. By convention the process returns 130.</summary>
    Interrupted,

    /// <summary>SIGTERM, of a scheduler or a shutdown: saved, to go on later. By convention the process returns 143.</summary>
    Terminated,
}

/// <summary>Asks a training to save and end. The current batch is finished first; a second signal ends the process at once.</summary>
/// <remarks>
/// A signal within a second of the first counts as the same one: a terminal or a scheduler signals both a launcher and its processes,
/// and the launcher forwards the signal too.
/// </remarks>
public sealed class StopSignal : IDisposable
{
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private long requested; // when
    private int end; // TrainingEnd; the first request counts

    /// <summary>Canceled with the first request.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>How the training ends; <see cref="TrainingEnd.Finished"/> while nobody has asked it to stop.</summary>
    public TrainingEnd End => (TrainingEnd)Volatile.Read(ref end);

    /// <summary>Listens to Ctrl-C (SIGINT) and SIGTERM until it is disposed of.</summary>
    /// <returns>The signal.</returns>
    public static StopSignal Listen()
    {
        var signal = new StopSignal();
        signal.registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, c => signal.OnSignal(c, TrainingEnd.Interrupted)));
        signal.registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => signal.OnSignal(c, TrainingEnd.Terminated)));
        return signal;
    }

    /// <summary>Asks the training to end, as a signal does; the first reason counts.</summary>
    /// <param name="reason">How the training is to end.</param>
    /// <returns>Whether nobody had asked before.</returns>
    public bool Request(TrainingEnd reason)
    {
        if (Interlocked.CompareExchange(ref end, (int)reason, (int)TrainingEnd.Finished) != (int)TrainingEnd.Finished) return false;
        source.Cancel();
        return true;
    }

    private void OnSignal(PosixSignalContext context, TrainingEnd reason)
    {
        bool isFirst = End == TrainingEnd.Finished;
        if (isFirst) Volatile.Write(ref requested, Stopwatch.GetTimestamp());
        context.Cancel = Request(reason) || isFirst || Stopwatch.GetElapsedTime(Volatile.Read(ref requested)) < Echo;
    }

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations) registration.Dispose();
        source.Dispose();
    }
}
