using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;
using VlmSharp.Tokenization;

namespace VlmSharp.Tasks;

/// <summary>How tasks are run and their answers read.</summary>
public sealed record TaskOptions
{
    /// <summary>
    /// Whether detect and segment can produce only well-formed boxes and masks of the requested things. On by default.
    /// </summary>
    public bool Constrain { get; init; } = true;

    /// <summary>
    /// The divisor of a location: 1024, as in PaliGemma's published demonstration, or 1023, as in its evaluation code. The results differ
    /// by a tenth of a percent.
    /// </summary>
    public int LocationDivisor { get; init; } = 1024;

    /// <summary>Turns mask codes into masks. Without it, segment gives only boxes and codes.</summary>
    public MaskDecoder? MaskDecoder { get; init; }
}

/// <summary>
/// Runs <see cref="VisionTask"/>s on a model, and reads its answers as text, boxes and masks. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// var tasks = new TaskRunner(model);
/// foreach (Detection found in tasks.Run(VisionTask.Detect("cat", "dog"), picture).Detections)
///     Console.WriteLine($"{found.Label} {found.Box} {found.Score}");
/// </code>
/// <see cref="RunAsync(VisionTask, RgbImage, GenerationOptions?, CancellationToken)"/> shares the model's steps with other callers.
/// </remarks>
public sealed class TaskRunner
{
    private readonly VisionLanguageModel model;
    private readonly TaskOptions options;
    private readonly TaskTokens? tokens;
    private readonly AnswerParser? parser;
    private readonly BoxNotes? notes;
    private KeptGrammar? last; // the last grammar, because a run over many pictures needs only one

    /// <summary>Prepares a model for tasks.</summary>
    /// <param name="model">The model, owned by the caller.</param>
    /// <param name="options">How to run and read tasks, or null for the defaults.</param>
    public TaskRunner(VisionLanguageModel model, TaskOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.model = model;
        this.options = options ?? new TaskOptions();
        if (this.options.LocationDivisor is not (1023 or 1024))
            throw new ArgumentException($"Locations are divided by 1024 or 1023, not by {this.options.LocationDivisor}.", nameof(options));
        if (model.Tokenizer is not { } tokenizer) return;
        tokens = new TaskTokens(tokenizer);
        parser = new AnswerParser(tokenizer, tokens);
        if (tokens.Locations.Length > 0) notes = new BoxNotes(tokens);
    }

    /// <summary>The request for a task.</summary>
    /// <param name="task">Its prompt becomes the request's, and a task with boxes also gives the grammar of its answer.</param>
    /// <param name="images">The pictures; boxes refer to the first.</param>
    /// <returns>The request.</returns>
    /// <exception cref="RequestException">The model's vocabulary cannot express boxes or masks.</exception>
    public GenerationRequest Request(VisionTask task, params IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new GenerationRequest
        {
            Images = images,
            Prompt = task.Prompt,
            Constraint = task.HasBoxes && options.Constrain ? Grammar(task) : null,
            Notes = task.HasBoxes ? notes : null,
        };
    }

    /// <summary>
    /// Makes a request with its own wording, such as a prompt from a user, note the probabilities from which boxes are scored. Without them
    /// only the probability of each single location is known, and scores are near 0.
    /// </summary>
    /// <param name="request">A request for boxes or masks; not changed.</param>
    /// <returns>The same request, whose answer <see cref="Read(VisionTask, GenerationResult, RgbImage)"/> can score.</returns>
    public GenerationRequest ForBoxes(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request with { Notes = notes };
    }

    /// <summary>Reads an answer. This never fails: whatever is not a box stays in the text.</summary>
    /// <param name="task">The task that was asked; it says whether the answer has boxes.</param>
    /// <param name="generation">The tokens, and for scores the notes of <see cref="ForBoxes"/>.</param>
    /// <param name="image">The picture, whose pixels are the unit of the boxes.</param>
    /// <returns>Text, boxes and masks.</returns>
    public TaskResult Read(VisionTask task, GenerationResult generation, RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(task, generation, image.Width, image.Height);
    }

    /// <summary>Reads an answer. This never fails: whatever is not a box stays in the text.</summary>
    /// <param name="task">The task that was asked; it says whether the answer has boxes.</param>
    /// <param name="generation">The tokens, and for scores the notes of <see cref="ForBoxes"/>.</param>
    /// <param name="width">Columns of the upright picture.</param>
    /// <param name="height">Rows of the upright picture.</param>
    /// <returns>Text, boxes and masks.</returns>
    public TaskResult Read(VisionTask task, GenerationResult generation, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(generation);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        List<ParsedBox> boxes = task.HasBoxes && parser is not null
            ? parser.Parse(generation.TokenIds, generation.LogProbabilities, generation.Notes)
            : [];
        Detection[] detections = [.. boxes.Select(box => Detect(box, width, height))];
        return new TaskResult(task, generation, width, height, detections);
    }

    /// <summary>Runs a task on a picture.</summary>
    /// <param name="task">What to ask about the picture.</param>
    /// <param name="image">Upright, of any size; not changed.</param>
    /// <param name="generation">How to generate, or null for the defaults with the task's own
    /// <see cref="VisionTask.MaxNewTokens"/>.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>Text, boxes and masks.</returns>
    /// <exception cref="RequestException">The request does not fit the model.</exception>
    public TaskResult Run(
        VisionTask task, RgbImage image, GenerationOptions? generation = null, CancellationToken cancellationToken = default)
    {
        GenerationRequest request = Request(task, image);
        return Read(task, model.Generate(request, generation ?? DefaultsOf(task), cancellationToken), image);
    }

    /// <summary>Runs a task on several pictures together.</summary>
    /// <param name="task">What to ask about each picture.</param>
    /// <param name="images">The pictures, at least one.</param>
    /// <param name="generation">How to generate, or null for the defaults with the task's own
    /// <see cref="VisionTask.MaxNewTokens"/>.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>A result for each picture, in their order.</returns>
    /// <exception cref="RequestException">A request does not fit the model.</exception>
    public IReadOnlyList<TaskResult> Run(
        VisionTask task,
        IReadOnlyList<RgbImage> images,
        GenerationOptions? generation = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        GenerationRequest[] requests = [.. images.Select(image => Request(task, image))];
        IReadOnlyList<GenerationResult> answers = model.Generate(requests, generation ?? DefaultsOf(task), cancellationToken);
        return [.. answers.Select((answer, i) => Read(task, answer, images[i]))];
    }

    /// <summary>Runs a task on a picture, in steps that it shares with other callers' requests.</summary>
    /// <param name="task">What to ask about the picture.</param>
    /// <param name="image">Upright, of any size; not changed until the answer is there.</param>
    /// <param name="generation">How to generate, or null for the defaults with the task's own
    /// <see cref="VisionTask.MaxNewTokens"/>.</param>
    /// <param name="cancellationToken">Cancels it at once.</param>
    /// <returns>Text, boxes and masks.</returns>
    /// <exception cref="RequestException">The request does not fit the model.</exception>
    public async Task<TaskResult> RunAsync(
        VisionTask task, RgbImage image, GenerationOptions? generation = null, CancellationToken cancellationToken = default)
    {
        GenerationRequest request = Request(task, image);
        GenerationOptions how = generation ?? DefaultsOf(task);
        GenerationResult answer = await model.GenerateAsync(request, how, cancellationToken).ConfigureAwait(false);
        return Read(task, answer, image);
    }

    /// <summary>Runs a task on several pictures, in steps that it shares with other callers' requests.</summary>
    /// <param name="task">What to ask about each picture.</param>
    /// <param name="images">Upright, of any size; none gives no result.</param>
    /// <param name="generation">How to generate, or null for the defaults with the task's own
    /// <see cref="VisionTask.MaxNewTokens"/>.</param>
    /// <param name="cancellationToken">Cancels all of them at once.</param>
    /// <returns>A result for each picture, in their order.</returns>
    /// <exception cref="RequestException">A request does not fit the model.</exception>
    public async Task<IReadOnlyList<TaskResult>> RunAsync(
        VisionTask task,
        IReadOnlyList<RgbImage> images,
        GenerationOptions? generation = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        return await Task.WhenAll(images.Select(image => RunAsync(task, image, generation, cancellationToken))).ConfigureAwait(false);
    }

    private static GenerationOptions DefaultsOf(VisionTask task) => new() { MaxNewTokens = task.MaxNewTokens };

    private Detection Detect(ParsedBox parsed, int width, int height)
    {
        float x = (float)width / options.LocationDivisor, y = (float)height / options.LocationDivisor;
        var box = new Box(parsed.Left * x, parsed.Top * y, Math.Min(parsed.Right * x, width), Math.Min(parsed.Bottom * y, height));
        SegmentationMask? mask = parsed.MaskCodes is { } codes && options.MaskDecoder is { } decoder
            ? new SegmentationMask(decoder.Decode(codes), box, width, height)
            : null;
        return new Detection(box, parsed.Label, parsed.Score, parsed.MaskCodes, mask);
    }

    private DetectionGrammar Grammar(VisionTask task)
    {
        if (last is { } kept && kept.Task.Prompt == task.Prompt && kept.Task.AnyLabel == task.AnyLabel) return kept.Grammar;
        if (model.Tokenizer is not { } tokenizer)
        {
            throw new RequestException(
                $"{model.Checkpoint.Directory} has no tokenizer.json or tokenizer.model: " +
                "boxes are spoken of in its tokens, so add one of them.");
        }

        int rows = model.Config.Text.VocabSize;
        if (tokenizer.VocabularySize > rows)
        {
            throw new RequestException(
                $"{model.Checkpoint.Directory} has a tokenizer of {tokenizer.VocabularySize} tokens and a model of {rows}: " +
                "they do not belong together.");
        }

        var grammar = new DetectionGrammar(
            tokenizer,
            tokens!,
            [.. model.Config.EosTokenIds],
            task.AnyLabel ? [] : task.Things,
            masks: task.Kind == TaskKind.Segment);
        last = new KeptGrammar(task, grammar);
        return grammar;
    }

    private sealed record KeptGrammar(VisionTask Task, DetectionGrammar Grammar);
}
