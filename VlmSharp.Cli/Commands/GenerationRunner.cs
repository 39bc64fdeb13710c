using System.CommandLine;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary>The options and the run that <c>caption</c>, <c>ask</c> and <c>generate</c> have in common.</summary>
internal sealed class GenerationRunner
{
    private readonly ModelOptionsBinder model = new();

    private readonly Option<int> maxNewTokens = new("--max-new-tokens", "-n")
    {
        Description = "New tokens, at the most.",
        HelpName = "N",
        DefaultValueFactory = _ => new GenerationOptions().MaxNewTokens,
    };

    private readonly Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on past the end of the sequence, to --max-new-tokens." };

    private readonly Option<bool> json = new("--json") { Description = "One JSON object a line instead of text." };

    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No timings on standard error." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        model.AddTo(command);
        foreach (Option option in new Option[] { maxNewTokens, ignoreEos, json, quiet }) command.Add(option);
    }

    /// <summary>One request on a picture or several, and the label that its line carries when there are many.</summary>
    public readonly record struct Job(IReadOnlyList<string> Files, Func<IReadOnlyList<RgbImage>, GenerationRequest> Request);

    /// <summary>Runs every job in turn. A picture that cannot be read is reported and the rest goes on.</summary>
    public async Task<int> RunAsync(ParseResult parsed, IEnumerable<Job> jobs, bool labelled, CancellationToken cancellationToken)
    {
        GenerationOptions options = Options(parsed);
        using IComputeBackend backend = model.CreateBackend(parsed);
        using VisionLanguageModel network = model.Open(parsed, backend);
        int code = ExitCodes.Success;
        foreach (Job job in jobs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await RunOneAsync(parsed, network, job, options, labelled, cancellationToken);
            }
            catch (ImageFormatException e) when (labelled)
            {
                code = ExitCodes.Input;
                await Console.Error.WriteLineAsync($"vlmsharp: {e.Message}");
                if (parsed.GetValue(json)) JsonOutput.WriteLine(o => WriteError(o, job, e.Message));
            }
        }

        return code;
    }

    private GenerationOptions Options(ParseResult parsed)
    {
        int count = parsed.GetValue(maxNewTokens);
        if (count < 1) throw new UsageException($"--max-new-tokens {count}: give a number above 0.");
        return new GenerationOptions { MaxNewTokens = count, IgnoreEndOfSequence = parsed.GetValue(ignoreEos) };
    }

    private async Task RunOneAsync(ParseResult parsed, VisionLanguageModel network, Job job, GenerationOptions options, bool labelled, CancellationToken cancellationToken)
    {
        RgbImage[] images = [.. job.Files.Select(f => ImageFile.Load(f))];
        using GenerationSession session = network.Start([job.Request(images)], options);
        bool asJson = parsed.GetValue(json);
        if (labelled && !asJson) Console.Write($"{job.Files[0]}: ");

        TextStream text = network.StreamText();
        GeneratedToken token = await Progress.RunAsync("looking at the picture", () => session.Step()[0], cancellationToken);
        while (true)
        {
            if (!asJson) Console.Write(network.Tokenizer is null ? $"{token.Id} " : text.Append(token));
            if (session.IsFinished) break;
            cancellationToken.ThrowIfCancellationRequested();
            token = session.Step()[0];
        }

        if (asJson) JsonOutput.WriteLine(o => WriteObject(o, network, session, job));
        else Console.WriteLine();
        if (!parsed.GetValue(quiet)) await Console.Error.WriteLineAsync(Progress.Summary(network, session.Timings));
    }

    private static void WriteObject(System.Text.Json.Utf8JsonWriter o, VisionLanguageModel network, GenerationSession session, Job job)
    {
        o.WriteStartObject();
        WriteFiles(o, job);
        o.WriteResult(session.Results()[0]);
        o.WriteTimings(network, session.Timings);
        o.WriteEndObject();
    }

    private static void WriteError(System.Text.Json.Utf8JsonWriter o, Job job, string message)
    {
        o.WriteStartObject();
        WriteFiles(o, job);
        o.WriteString("error", message);
        o.WriteEndObject();
    }

    private static void WriteFiles(System.Text.Json.Utf8JsonWriter o, Job job)
    {
        o.WriteStartArray("images");
        foreach (string file in job.Files) o.WriteStringValue(file);
        o.WriteEndArray();
    }
}
