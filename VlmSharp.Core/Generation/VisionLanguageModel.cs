using System.Diagnostics;
using System.Runtime.CompilerServices;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Quantization;
using VlmSharp.Telemetry;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>
/// A model folder from the Hugging Face hub, ready to answer: checkpoint, preprocessor, tokenizer and
/// <see cref="PaliGemmaModel"/> in one. Pictures and prompts in, text out.
/// </summary>
/// <remarks>
/// Thread-safe. <see cref="GenerateAsync"/> and <see cref="StreamAsync"/> answer all their callers together, in shared steps
/// (<see cref="Engine"/>). Sessions and <see cref="Generate(GenerationRequest, GenerationOptions?, CancellationToken)"/> take turns with
/// them on the backend.
/// <code>
/// using var backend = new CpuBackend();
/// using var model = VisionLanguageModel.Open("paligemma-3b-mix-224", backend);
/// await foreach (GeneratedToken token in model.StreamAsync(new() { Images = [ImageFile.Load("cat.jpg")], Prompt = "caption en" }))
///     Console.Write(token.Text);
/// </code>
/// </remarks>
public sealed class VisionLanguageModel : IDisposable
{
    /// <summary>What <see cref="GenerationRequest.Adapter"/> calls the model without an adapter.</summary>
    public const string BaseName = "base";

    private readonly LoadedWeights weights;
    private readonly LoadedAdapters adapters;
    private readonly ModelContext context;
    private readonly PromptPreparer preparer;
    private long? deviceBytes; // device memory that the model and its adapters need; null on the host

    private VisionLanguageModel(string directory, IComputeBackend backend, ModelOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        long start = Stopwatch.GetTimestamp();
        Name = options?.Name ?? NameOf(directory);
        Backend = backend;
        var adapting = new LowRankBackend(backend);
        adapters = new LoadedAdapters(adapting);
        using Activity? span = VlmSharpTelemetry.StartLoad(Name);
        try
        {
            Checkpoint = Checkpoint.Open(directory, options?.IgnoreUnexpectedTensors ?? false);
            if (options?.Quantization is { } wanted) QuantizationPlan.Check(Checkpoint, wanted);
            Preprocessor = new ImagePreprocessor(PreprocessorConfig.ReadFolder(directory, Checkpoint.Config.Vision.ImageSize));
            if (backend.CopiesWeights) deviceBytes = DeviceRoom.Require(Checkpoint, backend, options?.Quantization);
            weights = new LoadedWeights(Checkpoint, backend, options?.Quantization, cancellationToken);
            PaliGemmaConfig config = Checkpoint.Config with { TiesHead = !Checkpoint.HasSeparateHead };
            var network = new PaliGemmaModel(config, adapting, weights.Load, options);
            context = new ModelContext(network, TokenizerLoader.TryLoad(directory))
            {
                Name = Name,
                RequireUnchanged = RequireUnchanged,
            };
        }
        catch (Exception e)
        {
            weights?.Dispose();
            Checkpoint?.Dispose();
            VlmSharpTelemetry.Fail(span, e);
            throw;
        }

        preparer = new PromptPreparer(Config, Preprocessor, Tokenizer, adapters, Checkpoint.Directory);
        Engine = new GenerationEngine(context, weights.TotalBytes);
        LoadTime = Stopwatch.GetElapsedTime(start);
    }

    /// <summary>The name of the model's folder, or <see cref="ModelOptions.Name"/>.</summary>
    public string Name { get; }

    /// <summary>The open checkpoint: its folder, the format and the size of its weights.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The architecture of <see cref="Network"/>.</summary>
    public PaliGemmaConfig Config => Network.Config;

    /// <summary>The backend that holds the parameters.</summary>
    public IComputeBackend Backend { get; }

    /// <summary>The network itself, for callers that run its steps themselves.</summary>
    public PaliGemmaModel Network => context.Network;

    /// <summary>Turns pictures into pixels.</summary>
    public ImagePreprocessor Preprocessor { get; }

    /// <summary>The tokenizer, or null if the folder has none: then a prompt must consist of token ids.</summary>
    public ITokenizer? Tokenizer => context.Tokenizer;

    /// <summary>The adapters that requests may name, in the order in which they were loaded.</summary>
    public IReadOnlyList<Adapter> Adapters => adapters.All;

    /// <summary>The adapter of requests that name none. Null, the initial value, means the model without an adapter.</summary>
    /// <exception cref="RequestException">No adapter of that name is loaded.</exception>
    public string? DefaultAdapter
    {
        get => adapters.Default;
        set => adapters.Default = value;
    }

    /// <summary>Image tokens of the most recent pictures, for further questions about them.</summary>
    public ImageFeatureCache ImageFeatures => context.Features;

    /// <summary>Answers the callers of <see cref="GenerateAsync"/> and <see cref="StreamAsync"/> together.</summary>
    public GenerationEngine Engine { get; }

    /// <summary>Bytes of the parameters that were quantized while the model was opened.</summary>
    public long QuantizedBytes => weights.QuantizedBytes;

    /// <summary>The time that <see cref="Open"/> took.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>What its sessions share.</summary>
    internal ModelContext Context => context;

    /// <summary>
    /// Opens a model folder. Weights are mapped, not read, so this takes milliseconds regardless of their size, unless they are quantized.
    /// </summary>
    /// <param name="directory">Folder with config.json, safetensors and tokenizer.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the model.</param>
    /// <param name="options">Quantization and compatibility switches, or null for the defaults.</param>
    /// <param name="cancellationToken">Cancels it between weights, and between the rows of a weight that is being quantized.</param>
    /// <returns>The open model; dispose of it before the backend.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint.</exception>
    /// <exception cref="TokenizerFormatException">Its tokenizer is damaged.</exception>
    /// <exception cref="RequestException">The options quantize a model that cannot be quantized.</exception>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    public static VisionLanguageModel Open(
        string directory, IComputeBackend backend, ModelOptions? options = null, CancellationToken cancellationToken = default) =>
        new(directory, backend, options, cancellationToken);

    /// <summary>
    /// Loads an adapter in PEFT's format next to the model, whose weights it shares. Requests select it by its name. One step may mix
    /// requests with different adapters and without one.
    /// </summary>
    /// <param name="name">The name for requests.</param>
    /// <param name="directory">Folder with adapter_config.json and adapter_model.safetensors.</param>
    /// <returns>The adapter, owned by the model.</returns>
    /// <exception cref="ModelFormatException">It is not a usable LoRA adapter, or does not fit the model.</exception>
    /// <exception cref="DeviceMemoryException">A device has no room for it.</exception>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public Adapter LoadAdapter(string name, string directory)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(directory);
        lock (context.Gate)
        {
            context.ThrowIfDisposed();
            long bytes = 0;
            Adapter adapter = adapters.Load(name, directory, Config, file =>
            {
                bytes = file.ByteLength;
                if (deviceBytes is { } held) DeviceRoom.Require(file, Backend, held);
            });
            deviceBytes += bytes;
            return adapter;
        }
    }

    /// <summary>Starts a session, whose steps the caller runs.</summary>
    /// <param name="requests">Its first requests; may be empty.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <returns>A session whose steps produce the tokens.</returns>
    /// <exception cref="RequestException">A request does not fit the model, or an option is out of range.</exception>
    public GenerationSession Start(IReadOnlyList<GenerationRequest> requests, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        options ??= new GenerationOptions();
        SessionTelemetry? telemetry = requests.Count > 0 ? SessionTelemetry.Begin(Name, requests, options) : null;
        try
        {
            PreparedPrompt[] prompts = [.. requests.Select(Prepare)];
            var session = new GenerationSession(context, Prepare, options);
            for (int i = 0; i < prompts.Length; i++) session.Add(prompts[i], options, telemetry, i);
            return session;
        }
        catch (Exception e)
        {
            telemetry?.End(e);
            throw;
        }
    }

    /// <summary>Generates the whole answer to a request.</summary>
    /// <param name="request">The pictures and the prompt.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="RequestException">The request does not fit the model, or an option is out of range.</exception>
    public GenerationResult Generate(
        GenerationRequest request, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Generate([request], options, cancellationToken)[0];

    /// <summary>Generates the whole answers to a batch of requests.</summary>
    /// <param name="requests">At least one.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>One result for each request, in their order.</returns>
    /// <exception cref="RequestException">A request does not fit the model, or an option is out of range.</exception>
    public IReadOnlyList<GenerationResult> Generate(
        IReadOnlyList<GenerationRequest> requests, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count == 0) throw new ArgumentException("There is nothing to generate: no request was given.");
        using GenerationSession session = Start(requests, options);
        while (!session.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            session.Step();
        }

        return session.Results();
    }

    /// <summary>Generates for a request, in steps that it shares with other callers' requests.</summary>
    /// <param name="request">The pictures and the prompt.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the request at once; the next step no longer includes it.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="RequestException">The request does not fit the model or the engine's memory, or an option is out of
    /// range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public async Task<GenerationResult> GenerateAsync(
        GenerationRequest request, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        PendingAnswer answer = await SubmitAsync(request, options, cancellationToken).ConfigureAwait(false);
        return await answer.Result.ConfigureAwait(false);
    }

    /// <summary>
    /// Generates for a request, in steps that it shares with other callers' requests, and delivers the tokens as they are produced. A beam
    /// search delivers all of its tokens at the end. A caller that stops reading cancels the request.
    /// </summary>
    /// <param name="request">The pictures and the prompt.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the request at once; the next step no longer includes it.</param>
    /// <returns>The tokens with their text.</returns>
    /// <exception cref="RequestException">The request does not fit the model or the engine's memory, or an option is out of
    /// range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public async IAsyncEnumerable<GeneratedToken> StreamAsync(
        GenerationRequest request,
        GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        PendingAnswer answer = await SubmitAsync(request, options, cancellationToken).ConfigureAwait(false);
        await foreach (GeneratedToken token in answer.ReadAsync(cancellationToken).ConfigureAwait(false)) yield return token;
    }

    /// <summary>
    /// Submits a request, which shares steps with other callers' requests. For callers that want both the tokens and the whole answer.
    /// </summary>
    /// <param name="request">The pictures and the prompt.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the request at once; the next step no longer includes it.</param>
    /// <returns>The pending answer.</returns>
    /// <exception cref="RequestException">The request does not fit the model or the engine's memory, or an option is out of
    /// range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    public Task<PendingAnswer> SubmitAsync(
        GenerationRequest request, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        options ??= new GenerationOptions();
        // Resizing pictures takes milliseconds, which should not block the caller's thread.
        return Task.Run(() => Submit(request, options, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Checks whether a request fits the model, without computing anything. It refuses what <see cref="Start"/> would refuse.
    /// </summary>
    /// <param name="request">Pictures, prompt and constraint; not changed.</param>
    /// <param name="options">How to generate, or null for the defaults.</param>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    /// <exception cref="ModelFormatException">A file of the model or of an adapter was written to since it was opened.</exception>
    public void Check(GenerationRequest request, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireUnchanged();
        options ??= new GenerationOptions();
        options.Validate();
        _ = new StopRule(options, Config.EosTokenIds, Config.Text.VocabSize, Tokenizer);
        new PreparedPrompt(preparer.Check(request), []).LimitNewTokens(options.MaxNewTokens, Config.Text);
    }

    /// <summary>Turns a request into what the model needs: ids with placeholders, and normalized pixels.</summary>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    /// <exception cref="ModelFormatException">A file of the model or of an adapter was written to since it was opened.</exception>
    internal PreparedPrompt Prepare(GenerationRequest request)
    {
        RequireUnchanged();
        return preparer.Prepare(request);
    }

    private void RequireUnchanged()
    {
        if (Backend.CopiesWeights || context.IsDisposed) return;
        Checkpoint.RequireUnchanged();
        foreach (Adapter adapter in Adapters) adapter.RequireUnchanged();
    }

    private PendingAnswer Submit(GenerationRequest request, GenerationOptions options, CancellationToken cancellationToken)
    {
        SessionTelemetry? telemetry = SessionTelemetry.Begin(Name, [request], options);
        try
        {
            return Engine.Submit(Prepare(request), options, telemetry, cancellationToken);
        }
        catch (Exception e)
        {
            telemetry?.End(e);
            throw;
        }
    }

    private static string NameOf(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        return name is "." or ".." ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))) : name;
    }

    /// <summary>
    /// Frees the model and closes the checkpoint once the running step has ended. Its sessions can take no further step, and callers that
    /// wait for an answer get an <see cref="ObjectDisposedException"/>. The backend may be disposed of right after.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is called from within one of the model's steps: by a constraint, or by a
    /// listener.</exception>
    public void Dispose()
    {
        RefuseInStep();
        lock (context.Gate)
        {
            if (!context.IsDisposed)
            {
                context.IsDisposed = true;
                context.Features.Clear();
                adapters.Dispose();
                weights.Dispose();
                Checkpoint.Dispose();
            }
        }

        Engine.Stop(); // waits in every call, because the caller may dispose of the backend next
    }

    // The step would go on to use memory that has been freed.
    private void RefuseInStep()
    {
        if (context.Gate.IsHeldByCurrentThread || Engine.IsCalling)
        {
            throw new InvalidOperationException(
                "The model cannot be disposed of from within one of its steps, by a constraint or a listener: do it from another thread.");
        }
    }
}
