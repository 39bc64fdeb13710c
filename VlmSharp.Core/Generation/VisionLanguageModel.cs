using System.Diagnostics;
using System.Runtime.CompilerServices;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Telemetry;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>
/// A model folder from the Hugging Face hub, ready to answer: checkpoint, preprocessor, tokenizer and
/// <see cref="PaliGemmaModel"/> in one. Pictures and prompts in, text out.
/// </summary>
/// <remarks>
/// May be called from several threads: the steps of concurrent sessions take turns on the backend.
/// <code>
/// using var backend = new CpuBackend();
/// using var model = VisionLanguageModel.Open("paligemma-3b-mix-224", backend);
/// await foreach (GeneratedText part in model.StreamAsync(new() { Images = [ImageFile.Load("cat.jpg")], Prompt = "caption en" }))
///     Console.Write(part.Text);
/// </code>
/// </remarks>
public sealed class VisionLanguageModel : IDisposable
{
    private VisionLanguageModel(string directory, IComputeBackend backend, ModelOptions? options, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        Name = NameOf(directory);
        using Activity? span = VlmSharpTelemetry.StartLoad(Name);
        try
        {
            Checkpoint = Checkpoint.Open(directory);
            Preprocessor = ReadPreprocessor(directory, Checkpoint.Config.Vision.ImageSize);
            Tokenizer = TokenizerLoader.TryLoad(directory);
            Model = new PaliGemmaModel(Checkpoint, backend, options, cancellationToken);
        }
        catch (Exception e)
        {
            Checkpoint?.Dispose();
            VlmSharpTelemetry.Fail(span, e);
            throw;
        }

        LoadTime = Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Held by whoever uses the backend, for a step: it runs one at a time.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The name of the model's folder.</summary>
    public string Name { get; }

    /// <summary>The open checkpoint.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The network.</summary>
    public PaliGemmaModel Model { get; }

    /// <summary>How pictures become pixels.</summary>
    public PreprocessorConfig Preprocessor { get; }

    /// <summary>The tokenizer, or null where the folder has none: then only token ids can be prompts.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>Image tokens of the pictures seen last, for further questions on them.</summary>
    public ImageFeatureCache ImageFeatures { get; } = new();

    /// <summary>What <see cref="Open"/> took.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>Opens a model folder. Weights are mapped, not read: unless they are to be quantized, this takes milliseconds whatever their size.</summary>
    /// <param name="directory">Folder with config.json, safetensors and tokenizer.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the model.</param>
    /// <param name="options">Quantization and compatibility switches, or null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between weights, and between the rows of one that is being quantized.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint.</exception>
    /// <exception cref="TokenizerFormatException">Its tokenizer is damaged.</exception>
    /// <exception cref="RequestException">The options quantize a model that cannot be quantized.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static VisionLanguageModel Open(string directory, IComputeBackend backend, ModelOptions? options = null, CancellationToken cancellationToken = default) =>
        new(directory, backend, options, cancellationToken);

    /// <summary>Starts generating for a batch of requests.</summary>
    /// <param name="requests">At least one.</param>
    /// <param name="options">How, or null for the defaults.</param>
    /// <returns>A session whose steps produce the tokens.</returns>
    /// <exception cref="RequestException">A request does not fit the model, or an option is out of range.</exception>
    public GenerationSession Start(IReadOnlyList<GenerationRequest> requests, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count == 0) throw new ArgumentException("There is nothing to generate: no request was given.");
        options ??= new GenerationOptions();
        SessionTelemetry? telemetry = SessionTelemetry.Begin(Name, requests, options);
        try
        {
            return new GenerationSession(Model, Tokenizer, options, [.. requests.Select(Prepare)], ImageFeatures, Gate) { Telemetry = telemetry };
        }
        catch (Exception e)
        {
            telemetry?.End(e);
            throw;
        }
    }

    /// <summary>Generates for a batch of requests, to the end.</summary>
    /// <param name="requests">At least one.</param>
    /// <param name="options">How, or null for the defaults.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <returns>One result for each request, in their order.</returns>
    public IReadOnlyList<GenerationResult> Generate(IReadOnlyList<GenerationRequest> requests, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        using GenerationSession session = Start(requests, options);
        while (!session.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            session.Step();
        }

        return session.Results();
    }

    /// <summary>Generates for one request and hands the text over as it is produced; of a beam search all of it at the end.</summary>
    /// <param name="request">The pictures and the prompt.</param>
    /// <param name="options">How, or null for the defaults.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <returns>The tokens with their text.</returns>
    public async IAsyncEnumerable<GeneratedText> StreamAsync(GenerationRequest request, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using GenerationSession session = await Task.Run(() => Start([request], options), cancellationToken).ConfigureAwait(false);
        TextStream text = StreamText(options);
        while (!session.IsFinished)
        {
            GeneratedToken[] tokens = await Task.Run(() => session.Step().ToArray(), cancellationToken).ConfigureAwait(false);
            foreach (GeneratedToken token in tokens) yield return new GeneratedText(token, text.Append(token));
        }
    }

    /// <summary>A decoder for one sequence's tokens as they come.</summary>
    /// <param name="options">The session's options, whose stop strings it cuts; null for none.</param>
    /// <returns>The decoder; without a tokenizer its pieces are empty.</returns>
    public TextStream StreamText(GenerationOptions? options = null) => new(Tokenizer, options?.StopStrings ?? []);

    /// <summary>Finds out whether a request fits the model, without computing anything: what <see cref="Start"/> would refuse, this refuses.</summary>
    /// <param name="request">The request.</param>
    /// <param name="options">How it would be generated, or null for the defaults.</param>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    public void Check(GenerationRequest request, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        options ??= new GenerationOptions();
        options.Validate();
        new PreparedPrompt(PromptIds(request), []).LimitNewTokens(options.MaxNewTokens, Model.Config.Text);
    }

    /// <summary>A request in the model's own terms: ids with placeholders, and normalised pixels.</summary>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    internal PreparedPrompt Prepare(GenerationRequest request)
    {
        int[] ids = PromptIds(request);
        var preprocessor = new ImagePreprocessor(Preprocessor);
        RgbImage[] resized = [.. request.Images.Select(preprocessor.Resize)];
        return new PreparedPrompt(ids, Array.ConvertAll(resized, preprocessor.Process))
        {
            Keys = Array.ConvertAll(resized, PictureKey.Of),
            Seed = request.Seed,
            Constraint = request.Constraint,
        };
    }

    private int[] PromptIds(GenerationRequest request)
    {
        if (request.Images.Count == 0) throw new RequestException("The request has no picture: PaliGemma answers questions about pictures, so give at least one.");
        int placeholders = checked(request.Images.Count * Model.Config.Vision.Patches);
        int[] ids = request.PromptIds is { } given ? WithPlaceholders(given, placeholders) : Tokenize(request);
        int found = ids.Count(id => id == Model.Config.ImageTokenId);
        return found == placeholders
            ? ids
            : throw new RequestException($"The prompt has {found} image placeholders, but {request.Images.Count} pictures need {placeholders}: leave the placeholders out and they are put first.");
    }

    private int[] Tokenize(GenerationRequest request)
    {
        if (Tokenizer is null)
            throw new RequestException($"{Checkpoint.Directory} has no tokenizer.json or tokenizer.model: add one of them, or give the prompt as token ids.");
        return PromptTokens.Build(Tokenizer, request.Prompt, Model.Config.Vision.Patches, request.TrustControlTokens, imageCount: request.Images.Count);
    }

    private int[] WithPlaceholders(IReadOnlyList<int> given, int placeholders)
    {
        int[] ids = new int[placeholders + given.Count];
        Array.Fill(ids, Model.Config.ImageTokenId, 0, placeholders);
        for (int i = 0; i < given.Count; i++)
        {
            if ((uint)given[i] >= (uint)Model.Config.Text.VocabSize)
                throw new RequestException($"Prompt id {given[i]} is outside the vocabulary of {Model.Config.Text.VocabSize} tokens.");
            ids[placeholders + i] = given[i];
        }

        return ids;
    }

    private static string NameOf(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        return name is "." or ".." ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))) : name;
    }

    private static PreprocessorConfig ReadPreprocessor(string directory, int imageSize)
    {
        string path = Path.Combine(directory, "preprocessor_config.json");
        PreprocessorConfig config = File.Exists(path) ? PreprocessorConfig.FromJson(CheckpointFolder.ReadSmall(path), path) : new PreprocessorConfig { Size = imageSize };
        return config.Size == imageSize
            ? config
            : throw new ModelFormatException($"{path}: pictures are resized to {config.Size} pixels, but config.json says that the vision encoder takes {imageSize}.");
    }

    /// <summary>Frees the model and closes the checkpoint, when the step that is running has ended. Its sessions can take no further one.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            Model.Dispose();
            Checkpoint.Dispose();
        }
    }
}
