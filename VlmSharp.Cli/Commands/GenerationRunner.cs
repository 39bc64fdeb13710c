using System.CommandLine;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary>The options and the run that <c>caption</c>, <c>ask</c> and <c>generate</c> have in common.</summary>
internal sealed class GenerationRunner
{
    private readonly ModelOptionsBinder model = new();

    private readonly GenerationOptionsBinder generation = new();

    private readonly Option<bool> json = new("--json") { Description = "One JSON object a line instead of text." };

    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No timings on standard error." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        model.AddTo(command);
        generation.AddTo(command);
        foreach (Option option in new Option[] { json, quiet }) command.Add(option);
    }

    /// <summary>One request on a picture or several, and the label that its line carries when there are many.</summary>
    public readonly record struct Job(IReadOnlyList<string> Files, Func<IReadOnlyList<RgbImage>, GenerationRequest> Request);

    /// <summary>Runs every job in turn. A picture that cannot be read is reported and the rest goes on.</summary>
    public async Task<int> RunAsync(ParseResult parsed, IEnumerable<Job> jobs, bool labelled, CancellationToken cancellationToken)
    {
        GenerationOptions options = generation.Bind(parsed, parsed.GetValue(json));
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

    private async Task RunOneAsync(ParseResult parsed, VisionLanguageModel network, Job job, GenerationOptions options, bool labelled, CancellationToken cancellationToken)
    {
        RgbImage[] images = [.. job.Files.Select(f => ImageFile.Load(f))];
        using GenerationSession session = network.Start([job.Request(images)], options);
        bool asJson = parsed.GetValue(json);
        if (labelled && !asJson) Console.Write($"{job.Files[0]}: ");

        TextStream text = network.StreamText(options);
        GeneratedToken[] tokens = await Progress.RunAsync("looking at the picture", () => NextTokens(session, cancellationToken), cancellationToken);
        while (tokens.Length > 0)
        {
            foreach (GeneratedToken token in tokens)
                if (!asJson) Console.Write(network.Tokenizer is null ? $"{token.Id} " : text.Append(token));
            tokens = NextTokens(session, cancellationToken);
        }

        GenerationResult result = session.Results()[0];
        if (asJson) JsonOutput.WriteLine(o => WriteObject(o, network, session.Timings, result, job));
        else Console.WriteLine();
        if (!parsed.GetValue(quiet)) await Console.Error.WriteLineAsync(Progress.Summary(network, session.Timings, result.Seed));
    }

    /// <summary>Takes steps until there are tokens, of which a beam search has none before its end; none when all is done.</summary>
    private static GeneratedToken[] NextTokens(GenerationSession session, CancellationToken cancellationToken)
    {
        while (!session.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<GeneratedToken> tokens = session.Step();
            if (tokens.Length > 0) return tokens.ToArray();
        }

        return [];
    }

    private static void WriteObject(System.Text.Json.Utf8JsonWriter o, VisionLanguageModel network, GenerationTimings timings, GenerationResult result, Job job)
    {
        o.WriteStartObject();
        WriteFiles(o, job);
        o.WriteResult(result);
        o.WriteTimings(network, timings);
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
