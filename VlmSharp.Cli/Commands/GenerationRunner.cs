using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Commands;

/// <summary>The options and the run that <c>generate</c> and the task commands share.</summary>
/// <param name="boxes">The extra options of <c>detect</c> and <c>segment</c>, or null.</param>
internal sealed class GenerationRunner(DetectionOptionsBinder? boxes = null)
{
    private readonly ModelOptionsBinder model = new();

    private readonly GenerationOptionsBinder generation = new();

    private readonly PictureOptionsBinder reading = new();

    private bool isNoted;

    private readonly Option<bool> json = new("--json") { Description = "One JSON object a line instead of text." };

    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No timings on standard error." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        model.AddTo(command);
        generation.AddTo(command);
        reading.AddTo(command);
        foreach (Option option in new Option[] { json, quiet }) command.Add(option);
    }

    /// <summary>
    /// One request on one or more pictures: a task, or a literal request. If there are many requests, the first picture labels the output
    /// line.
    /// </summary>
    public readonly record struct Job(
        IReadOnlyList<string> Files, VisionTask? Task, Func<IReadOnlyList<RgbImage>, GenerationRequest>? Request);

    /// <summary>The same task on many pictures.</summary>
    /// <param name="files">Paths of the pictures, one request for each.</param>
    /// <param name="task">What is asked about each of them.</param>
    /// <param name="further">More pictures, which are added to each request.</param>
    public static IEnumerable<Job> Jobs(IEnumerable<string> files, VisionTask task, params string[] further) =>
        files.Select(file => new Job([file, .. further], task, null));

    /// <summary>Reports once which options have no effect.</summary>
    private async Task NoteAsync(ParseResult parsed, VisionLanguageModel network, GenerationOptions options, GenerationRequest request,
        int promptTokens)
    {
        if (isNoted || parsed.GetValue(quiet)) return;
        isNoted = true;
        foreach (string note in generation.Notes(parsed, options, promptTokens, network.Config.Text.MaxPositions))
            await RequestNotes.WriteAsync(note);
        await RequestNotes.WriteAsync(RequestNotes.OfPrompt(request, network.Config.Vision.Patches));
    }

    /// <summary>Runs every job in turn. A picture that cannot be read is reported, and the others continue.</summary>
    public async Task<int> RunAsync(ParseResult parsed, IEnumerable<Job> jobs, bool labeled, CancellationToken cancellationToken)
    {
        GenerationOptions options = generation.Bind(parsed, parsed.GetValue(json), boxes?.Task(parsed).MaxNewTokens);
        DetectionFiles? pictures = boxes?.Files(parsed, labeled);
        using IComputeBackend backend = model.CreateBackend(parsed);
        using VisionLanguageModel network = model.Open(parsed, backend, cancellationToken);
        var tasks = new TaskRunner(network, boxes?.TaskOptions(parsed, model.Folder(parsed)));
        int code = ExitCodes.Success;
        foreach (Job job in jobs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await RunOneAsync(parsed, network, tasks, job, options, pictures, labeled, cancellationToken);
            }
            catch (ImageFormatException e) when (labeled || parsed.GetValue(json))
            {
                code = ExitCodes.Input;
                await Console.Error.WriteLineAsync($"vlmsharp: {e.Message}");
                if (parsed.GetValue(json)) JsonOutput.WriteLine(o => WriteError(o, job, JsonError.Of(e)));
            }
        }

        return code;
    }

    private async Task RunOneAsync(
        ParseResult parsed, VisionLanguageModel network, TaskRunner tasks, Job job, GenerationOptions options, DetectionFiles? pictures,
        bool labeled, CancellationToken cancellationToken)
    {
        // A drawing needs the whole picture; everything else needs only what the model sees, which takes less memory.
        ImageOptions how = reading.Bind(parsed);
        RgbImage? whole = pictures is { IsDrawing: true } ? PictureInput.Load(job.Files[0], how) : null;
        ResizedImage[] seen = whole is null
            ? [.. job.Files.Select(path => PictureInput.Load(path, network.Preprocessor, how))]
            : [new ResizedImage(network.Preprocessor.Resize(whole), whole.Width, whole.Height)];
        RgbImage[] images = [.. seen.Select(picture => picture.Image)];
        GenerationRequest request = job.Task is { } asked ? tasks.Request(asked, images) : job.Request!(images);
        using GenerationSession session = network.Start([request], options);
        bool asJson = parsed.GetValue(json), streams = !asJson && boxes is null;
        string label = labeled ? $"{MessageWriter.Name(job.Files[0])}: " : "";
        if (streams) Console.Write(label);

        GeneratedToken[] tokens = await Progress.RunAsync(
            "looking at the picture", () => NextTokens(session, cancellationToken), cancellationToken);
        while (tokens.Length > 0)
        {
            foreach (GeneratedToken token in tokens)
                if (streams) Console.Write(network.Tokenizer is null ? $"{token.Id} " : token.Text);
            tokens = NextTokens(session, cancellationToken);
        }

        GenerationResult result = session.Results()[0];
        TaskResult? read = job.Task is { } task ? tasks.Read(task, result, seen[0].OriginalWidth, seen[0].OriginalHeight) : null;
        if (asJson) JsonOutput.WriteLine(o => WriteObject(o, network, session.Timings, result, read, job));
        else if (streams) Console.WriteLine();
        else foreach (string line in BoxLines.Of(read!)) Console.WriteLine(label + line);
        pictures?.Write(job.Files[0], whole, read!);
        if (parsed.GetValue(quiet)) return;
        await NoteAsync(parsed, network, options, request, session.Timings.PromptTokens);
        if (boxes is not null && BoxLines.Remark(read!) is { } remark) await Console.Error.WriteLineAsync($"vlmsharp: {label}{remark}");
        await Console.Error.WriteLineAsync(Progress.Summary(network, session.Timings, result.Seed));
    }

    /// <summary>Takes steps until there are tokens; a beam search has none before its end. Returns none when all is done.</summary>
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

    private static void WriteObject(
        System.Text.Json.Utf8JsonWriter o, VisionLanguageModel network, GenerationTimings timings, GenerationResult result,
        TaskResult? read, Job job)
    {
        o.WriteStartObject();
        WriteFiles(o, job);
        if (read is not null) TaskJson.WriteMembers(o, read);
        o.WriteResult(result);
        o.WriteTimings(network, timings);
        o.WriteEndObject();
    }

    private static void WriteError(System.Text.Json.Utf8JsonWriter o, Job job, JsonError error)
    {
        o.WriteStartObject();
        WriteFiles(o, job);
        error.Write(o);
        o.WriteEndObject();
    }

    private static void WriteFiles(System.Text.Json.Utf8JsonWriter o, Job job)
    {
        o.WriteStartArray("images");
        foreach (string file in job.Files) o.WriteStringValue(file);
        o.WriteEndArray();
    }
}
