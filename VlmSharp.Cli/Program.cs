using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using VlmSharp.Cli.Commands;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Storage;
using VlmSharp.Hub;
using VlmSharp.Training.Data;

namespace VlmSharp.Cli;

/// <summary>The <c>vlmsharp</c> command: parses, runs, and turns every error into one sentence and an exit code.</summary>
internal static class Program
{
    private const string Description = """
        Ask a picture a question: PaliGemma vision-language models in pure .NET.

        Examples:
          vlmsharp caption photo.jpg
          vlmsharp ask photo.jpg "what color is the car?"
          vlmsharp detect photo.jpg "car ; dog" --draw found.png
          vlmsharp pull google/paligemma-3b-mix-224
          vlmsharp caption --model google/paligemma-3b-mix-224 --lang de photo.jpg
          ls *.jpg | vlmsharp caption --json -
          vlmsharp inspect --model paligemma-3b-mix-224

        Without --model the demo model beside the program answers. It knows emoji and colored shapes, nothing else.
        Exit codes: 0 done, 1 internal error, 2 wrong command line, 3 unusable model, 4 unreadable input or unwritable
        output, 5 request that the model or the device cannot carry out, 65 unusable data, 75 network: try again, 130 canceled,
        143 terminated (a training that saved, bench serve).
        """;

    public static Task<int> Main(string[] args)
    {
        if (StandardOutput.AsPipe() is { } pipe) Console.SetOut(new StreamWriter(pipe, new UTF8Encoding(false)) { AutoFlush = true });
        return RunAsync(args);
    }

    /// <summary>Runs the program on the current console.</summary>
    internal static async Task<int> RunAsync(string[] args)
    {
        Console.SetError(new MessageWriter(Console.Error));
        Console.SetOut(new OutputWriter(Console.Out, isTerminal: !Console.IsOutputRedirected));
        var root = new RootCommand(Description)
        {
            CaptionCommand.Create(), AskCommand.Create(), DetectCommand.Create(), SegmentCommand.Create(), GenerateCommand.Create(),
            BatchCommand.Create(), ExplainCommand.Create(), AblateCommand.Create(), ServeCommand.Create(),
            InspectCommand.Create(), TokenizeCommand.Create(), PreprocessCommand.Create(), TraceCommand.Create(),
            QuantizeCommand.Create(), BenchCommand.Create(), DevicesCommand.Create(),
            DataCommand.Create(), GradientsCommand.Create(), TrainCommand.Create(), AdapterCommand.Create(), EvalCommand.Create(),
            PullCommand.Create(), DoctorCommand.Create(),
        };
        ExampleCommand.ShowExamples(root);
        LiteralWords.Note(args);
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args, CommandWords.AsTheyAre);
        if (CommandLineFault.Of(args, parsed) is { } fault)
        {
            foreach (string problem in fault.Problems) await Console.Error.WriteLineAsync($"vlmsharp: {problem}");
            foreach (string hint in fault.Hints) await Console.Error.WriteLineAsync(hint);
            await Console.Error.WriteLineAsync($"Try 'vlmsharp{NameOf(parsed.CommandResult)} --help'.");
            return ExitCodes.Usage;
        }

        try
        {
            StandardInput.RequireOpenIfNamed(parsed.Tokens.Select(token => token.Value));
            using var cancellation = new Cancellation();
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, cancellation.Token);
        }
        catch (Exception e)
        {
            int code = CodeOf(e);
            if (BrokenPipe.Is(e)) return code; // the reader of our output has gone
            if (code == ExitCodes.Internal) await ReportAsync(e);
            else await Console.Error.WriteLineAsync($"vlmsharp: {(code == ExitCodes.Canceled ? "canceled" : e.Message)}");
            if (e is not (UsageException or OperationCanceledException) && JsonOutput.IsAskedFor(parsed)) JsonError.WriteLine(e);
            return code;
        }
    }

    /// <summary>An internal error with its causes: a line for each message, which can contain arguments, and for each call.</summary>
    private static async Task ReportAsync(Exception error)
    {
        string before = "vlmsharp: internal error, please report it with the command line: ";
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            await Console.Error.WriteLineAsync($"{before}{e.GetType()}: {e.Message}");
            foreach (string call in (e.StackTrace ?? "").Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries))
                await Console.Error.WriteLineAsync(call);
            before = "caused by ";
        }
    }

    /// <summary>A command's name after those of its parents, without the program's: " batch status".</summary>
    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : "";

    /// <summary>The exit code of an error; errors that the user cannot correct are internal errors.</summary>
    private static int CodeOf(Exception e) => e switch
    {
        OperationCanceledException => ExitCodes.Canceled,
        UsageException => ExitCodes.Usage,
        TryAgainException => ExitCodes.TryAgain,
        ModelFormatException or TokenizerFormatException => ExitCodes.Model,
        ImageFormatException or IOException or UnauthorizedAccessException => ExitCodes.Input,
        TrainingDataException => ExitCodes.BadData,
        StorageException storage => storage.IsTransient ? ExitCodes.TryAgain : ExitCodes.Usage,
        HubException { Kind: HubErrorKind.DiskFull } => ExitCodes.Input,
        HubException hub => hub.IsTransient ? ExitCodes.TryAgain : ExitCodes.Model,
        VlmSharpException or ServerUnavailableException => ExitCodes.Request, // an error of the request or of the requested device
        _ => ExitCodes.Internal,
    };
}
