using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VlmSharp.Cli.Commands;
using VlmSharp.Cli.Errors;
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
        143 terminated (a training that saved).
        """;

    public static Task<int> Main(string[] args)
    {
        // .NET's console ignores a broken pipe; a file stream throws, which ends hours of work that nobody reads. It is used only for
        // pipes: in a file it would keep its own position, and the commands of a script that share one file would overwrite each other.
        var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (Console.IsOutputRedirected && !OperatingSystem.IsWindows() && !output.CanSeek)
            Console.SetOut(new StreamWriter(output, new UTF8Encoding(false)) { AutoFlush = true });
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
        if (parsed.Errors.Count > 0)
        {
            string[] unknown = UnknownWords(parsed); // other errors follow from these words
            foreach (ParseError error in parsed.Errors.Where(
                e => unknown.Length == 0 || unknown.Any(t => e.Message.Contains(t, StringComparison.Ordinal))))
                await Console.Error.WriteLineAsync($"vlmsharp: {MessageOf(error)}");
            foreach (string hint in unknown.Select(word => OptionHints.For(word, parsed.CommandResult.Command)).OfType<string>().Distinct())
                await Console.Error.WriteLineAsync(hint);
            await Console.Error.WriteLineAsync($"Try 'vlmsharp{NameOf(parsed.CommandResult)} --help'.");
            return ExitCodes.Usage;
        }

        if (MisplacedWords.Problem(parsed) is { } problem)
        {
            await Console.Error.WriteLineAsync($"vlmsharp: {problem}");
            await Console.Error.WriteLineAsync($"Try 'vlmsharp{NameOf(parsed.CommandResult)} --help'.");
            return ExitCodes.Usage;
        }

        try
        {
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
            return code;
        }
    }

    /// <summary>
    /// The words that a command does not know: its unknown options if there are any, since their values are not known either; for a command
    /// name only the first word; and words that an argument has refused.
    /// </summary>
    private static string[] UnknownWords(ParseResult parsed)
    {
        string[] refused =
        [
            .. parsed.UnmatchedTokens,
            .. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
                .Where(t => t.StartsWith("--", StringComparison.Ordinal) && !File.Exists(t) && !LiteralWords.Has(t)),
        ];
        string[] options = [.. refused.Where(word => word.StartsWith('-'))];
        return options.Length > 0 ? options : parsed.CommandResult.Command.Subcommands.Count > 0 ? [.. refused.Take(1)] : refused;
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

    /// <summary>The error message; for a missing argument, the library's message does not say which one.</summary>
    private static string MessageOf(ParseError error) =>
        error.SymbolResult is ArgumentResult { Tokens.Count: 0, Argument: var missing, Parent: CommandResult }
            ? $"{missing.Name} is missing: {missing.Description}"
            : error.Message;

    /// <summary>A command's name after those of its parents, without the program's: " batch status".</summary>
    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : "";

    /// <summary>The exit code of an error; errors that the user cannot correct are internal errors.</summary>
    private static int CodeOf(Exception e) => e switch
    {
        OperationCanceledException => ExitCodes.Canceled,
        UsageException => ExitCodes.Usage,
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
