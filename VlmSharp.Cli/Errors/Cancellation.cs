using System.Runtime.InteropServices;

namespace VlmSharp.Cli.Errors;

/// <summary>
/// Ctrl-C and SIGTERM: the run stops between two steps of the model. A step of a large model takes seconds, and the memory that it reads
/// must not be freed meanwhile; if the step has not ended after a second, the process exits immediately.
/// </summary>
internal sealed class Cancellation : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration interrupt, terminate;
    private static volatile bool isHandedOver;

    public Cancellation()
    {
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    public CancellationToken Token => source.Token;

    /// <summary>Leaves signals to a command that saves before it ends, however long that takes.</summary>
    /// <param name="listen">Starts listening.</param>
    /// <returns>The listener.</returns>
    public static T HandOver<T>(Func<T> listen)
    {
        T listener = listen();
        isHandedOver = true;
        return listener;
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (isHandedOver || source.IsCancellationRequested) return; // a second signal ends the process at once
        context.Cancel = true;
        source.Cancel();
        _ = Task.Delay(Patience).ContinueWith(_ => Exit(), TaskScheduler.Default);
    }

    private static void Exit()
    {
        Console.Error.WriteLine("vlmsharp: canceled");
        Environment.Exit(ExitCodes.Canceled);
    }

    public void Dispose()
    {
        interrupt.Dispose();
        terminate.Dispose();
        source.Dispose();
    }
}
