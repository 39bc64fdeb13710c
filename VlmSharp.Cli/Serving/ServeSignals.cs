using System.Runtime.InteropServices;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Serving;

/// <summary>Ctrl-C and SIGTERM of a server: the first lets running requests finish, the second ends the process at once.</summary>
#pragma warning disable CA2213 // a signal may arrive during disposal, so the source is not disposed
internal sealed class ServeSignals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration interrupt, terminate;

    private ServeSignals()
    {
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    /// <summary>Canceled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Starts listening.</summary>
    public static ServeSignals Listen() => new();

    private void OnSignal(PosixSignalContext context)
    {
        if (source.IsCancellationRequested)
            Environment.Exit(context.Signal == PosixSignal.SIGINT ? ExitCodes.Canceled : ExitCodes.Terminated);
        context.Cancel = true;
        _ = Task.Run(source.Cancel); // callbacks must not block the signal's thread
    }

    public void Dispose()
    {
        interrupt.Dispose();
        terminate.Dispose();
    }
}
