using System.Text.RegularExpressions;
using VlmSharp.Cli.Errors;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Server;
using VlmSharp.Server.Keys;

namespace VlmSharp.Cli.Serving;

/// <summary>Runs a server from start to end. It is a separate type so that ASP.NET Core is loaded only when it runs.</summary>
internal static partial class ServeRun
{
    /// <summary>Serves until a signal arrives.</summary>
    /// <param name="options">The server's options.</param>
    /// <param name="backend">The compute backend.</param>
    /// <param name="open">Opens the model.</param>
    public static async Task<int> RunAsync(
        ServerOptions options,
        IComputeBackend backend,
        Func<IComputeBackend, CancellationToken, VisionLanguageModel> open)
    {
        using ServeSignals signals = Cancellation.HandOver(ServeSignals.Listen);
        VisionLanguageModel? model = null;
        try
        {
            await using VlmServer server = await StartAsync(options, cancellation => model = open(backend, cancellation));
            try
            {
                await server.Ready.WaitAsync(signals.Token);
            }
            catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
            {
                return ExitCodes.Success; // it was stopped before it was ready
            }

            await Console.Out.WriteLineAsync($"listening on {server.Address}");
            await server.RunAsync(signals.Token);
            return ExitCodes.Success;
        }
        finally
        {
            model?.Dispose();
        }
    }

    private static async Task<VlmServer> StartAsync(ServerOptions options, Func<CancellationToken, VisionLanguageModel> open)
    {
        try
        {
            return await VlmServer.StartAsync(options, open);
        }
        catch (Exception e) when (e is ArgumentException or KeyFormatException)
        {
            throw new UsageException(Property().Replace(e.Message, OptionOf)); // for instance a public host without API keys
        }
    }

    /// <summary>The command-line option of a server option: MaxQueue becomes --max-queue.</summary>
    private static string OptionOf(Match property) => "--" + Capital().Replace(property.Value, "-$0").ToLowerInvariant();

    [GeneratedRegex("^[A-Z][A-Za-z]+(?= is out of range)")]
    private static partial Regex Property();

    [GeneratedRegex("(?<=[a-z])[A-Z]")]
    private static partial Regex Capital();
}
