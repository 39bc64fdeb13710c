using System.CommandLine;
using System.CommandLine.Help;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Serving;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Server;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp serve</c>: serves the model over HTTP.</summary>
internal static class ServeCommand
{
    /// <summary>The name that requests use for the demo model.</summary>
    private const string DemoName = "vlmsharp-demo";

    public static Command Create()
    {
        Option<string?> config = new("--config") { Description = "A JSON file of options by their long names.", HelpName = "FILE" };
        FileList.RefuseEmpty(config);
        Option<bool> print = new("--print-config") { Description = "Print the options that count, as such a file, and end." };
        Option<bool> probe = new("--probe")
        {
            Description = "Ask a server started with the same options whether it is ready: exit code 0 if it is, else 1.",
        };
        const string Description = "Serves the model over HTTP: OpenAI's chat completions, boxes and masks, a page to try it.";
        var command = new ExampleCommand("serve", Description, """
            Prints one line when it is ready, "listening on http://HOST:PORT", and logs each request on standard error. An option may
            stand on the command line, in the environment (--max-queue is VLMSHARP_MAX_QUEUE) or in the file of --config; the first of
            these counts. SIGTERM or Ctrl-C finishes what runs and ends with exit code 0; a second one ends at once. It needs the
            ASP.NET Core runtime, as no other command does.

            Examples:
              vlmsharp serve
              vlmsharp serve --model paligemma-3b-mix-224 --quantize int8 --port 9000
              vlmsharp serve --model paligemma-3b-pt-224 --adapter birds=my-adapter
              vlmsharp serve --port 9000 --print-config > server.json
              vlmsharp serve --config server.json --max-queue 100
              curl http://127.0.0.1:8000/v1/caption -F image=@photo.jpg
            """) { config, print, probe };
        var model = new ModelOptionsBinder();
        model.AddTo(command);
        var serving = new ServeOptionsBinder();
        serving.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            ParseResult withEnvironment = EnvironmentOptions.Merge(command, parsed, Environment.GetEnvironmentVariable);
            ParseResult all = ConfigFile.Merge(command, withEnvironment, config);
            if (all.GetValue(print))
            {
                Console.Out.WriteLine(ConfigOutput.Of(
                    command.Options.Where(o => o is not HelpOption && o != config && o != print && o != probe), all));
                return ExitCodes.Success;
            }

            if (all.GetValue(probe)) return await HealthProbe.AskAsync(serving.Address(all));
            if (!FrameworkRestart.IsServer) return FrameworkRestart.Run(Environment.GetCommandLineArgs()[1..]);
            using IComputeBackend backend = model.CreateBackend(all);
            using Stream log = Console.OpenStandardError();
            ServerOptions options = serving.Bind(
                all, model.IsDemo(all) ? DemoName : model.HubName(all), Environment.GetEnvironmentVariable, log,
                text => Console.Error.WriteLine($"vlmsharp: {text}"));
            return await ServeRun.RunAsync(options, backend, Open);

            VisionLanguageModel Open(IComputeBackend on, CancellationToken cancellation)
            {
                VisionLanguageModel opened = model.Open(all, on, cancellation, options.ModelName);
                opened.DefaultAdapter = null; // each request names its adapter
                opened.ImageFeatures.MaxBytes = serving.ImageCacheBytes(all);
                if (serving.KvCacheBytes(all) is { } most) opened.Engine.MaxKvCacheBytes = most;
                return opened;
            }
        });
        return command;
    }
}
