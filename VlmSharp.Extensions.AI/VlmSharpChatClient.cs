using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Extensions.AI;

/// <summary>
/// A PaliGemma model as a chat client. The last user message is the question: its <see cref="TextContent"/> is the prompt, word for word,
/// for instance "caption en"; each <see cref="DataContent"/> with an image type, or <c>application/octet-stream</c>, is a picture. The
/// bytes determine the picture's format. Nothing is downloaded.
/// </summary>
/// <remarks>
/// <para>
/// The model remembers nothing, so earlier turns are dropped. If the last message has no picture, those of the last earlier user message
/// with pictures are used. System text and <c>Instructions</c> are ignored; <c>AdditionalProperties["vlmsharp.ignored"]</c> of the
/// response, or of the last update, is then "system".
/// </para>
/// <para>
/// Of <see cref="ChatOptions"/> it honors <c>MaxOutputTokens</c>, <c>Temperature</c> (0 is greedy), <c>TopK</c>, <c>TopP</c>,
/// <c>Seed</c> and <c>StopSequences</c>; beams, repetition penalty and the rest come from a <see cref="GenerationOptions"/> that
/// <c>RawRepresentationFactory</c> returns. Tools, JSON answers and other penalties are refused
/// with a <see cref="RequestException"/>; <c>AdditionalProperties</c> is for middleware and not read.
/// </para>
/// <para>May be called from several threads: concurrent answers share their steps.</para>
/// </remarks>
public sealed class VlmSharpChatClient : IChatClient
{
    private const string IgnoredKey = "vlmsharp.ignored";

    private readonly Func<VisionLanguageModel> open;
    private readonly ChatClientMetadata metadata;
    private readonly GenerationOptions defaults;
    private readonly ImageOptions images;
    private readonly ILogger logger;

    /// <summary>Creates a client of a model.</summary>
    /// <param name="model">The model. The caller owns it and disposes of it after the client's last answer.</param>
    /// <param name="defaults">Generation settings for what a chat's options leave open; null for greedy generation.</param>
    /// <param name="images">How pictures are read, with their limits; null for the defaults.</param>
    /// <param name="logger">Receives requests and errors, or null.</param>
    public VlmSharpChatClient(
        VisionLanguageModel model,
        GenerationOptions? defaults = null,
        ImageOptions? images = null,
        ILogger<VlmSharpChatClient>? logger = null)
        : this(() => model, (model ?? throw new ArgumentNullException(nameof(model))).Name, defaults, images, logger) { }

    /// <summary>Creates a client of a model that its first request opens.</summary>
    internal VlmSharpChatClient(
        Func<VisionLanguageModel> open, string name, GenerationOptions? defaults, ImageOptions? images, ILogger<VlmSharpChatClient>? logger)
    {
        this.open = open;
        this.defaults = defaults ?? new GenerationOptions();
        this.images = images ?? ImageOptions.Default;
        this.logger = logger ?? NullLogger<VlmSharpChatClient>.Instance;
        metadata = new ChatClientMetadata("vlmsharp", providerUri: null, name);
    }

    /// <inheritdoc/>
    /// <exception cref="RequestException">The chat asks for what the model cannot do.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be read.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        messages = [.. messages]; // it is read twice
        string id = NewId();
        GenerationResult result = await Logged(id, async () =>
        {
            PendingAnswer answer = await SubmitAsync(messages, options, id, cancellationToken).ConfigureAwait(false);
            return Told(id, answer, await answer.Result.ConfigureAwait(false));
        }).ConfigureAwait(false);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, result.Text) { MessageId = id, RawRepresentation = result })
        {
            ResponseId = id,
            ModelId = metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = Finish(result),
            Usage = Usage(result),
            AdditionalProperties = Properties(messages, options),
            RawRepresentation = result,
        };
    }

    /// <inheritdoc/>
    /// <exception cref="RequestException">The chat asks for what the model cannot do.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be read.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        messages = [.. messages]; // it is read twice
        string id = NewId();
        PendingAnswer answer = await Logged(id, () => SubmitAsync(messages, options, id, cancellationToken)).ConfigureAwait(false);
        await using IAsyncEnumerator<GeneratedToken> tokens =
            answer.ReadAsync(cancellationToken).GetAsyncEnumerator(CancellationToken.None);
        while (await Logged(id, () => tokens.MoveNextAsync().AsTask()).ConfigureAwait(false))
            if (tokens.Current.Text.Length > 0) yield return Update(id, new TextContent(tokens.Current.Text));
        GenerationResult result = Told(id, answer, await answer.Result.ConfigureAwait(false));
        ChatResponseUpdate last = Update(id, new UsageContent(Usage(result)));
        last.FinishReason = Finish(result);
        last.AdditionalProperties = Properties(messages, options);
        last.RawRepresentation = result;
        yield return last;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Offers <see cref="ChatClientMetadata"/>, the client itself, and the <see cref="VisionLanguageModel"/>, which it opens if necessary.
    /// </remarks>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return metadata;
        if (serviceType == typeof(VisionLanguageModel)) return open();
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the model belongs to whoever opened it.</summary>
    public void Dispose() { }

    private static string NewId() => Guid.NewGuid().ToString("N");

    /// <summary>Opens the model, reads the pictures and submits the request on another thread, because each may take long.</summary>
    private Task<PendingAnswer> SubmitAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, string id, CancellationToken cancellationToken) => Task.Run(() =>
    {
        VisionLanguageModel model = open();
        GenerationOptions generation = ChatRequest.Options(options, this, defaults, model.Name);
        GenerationRequest request = ChatRequest.Read(messages, model, images);
        logger.Requested(id, request.Images.Count, request.Prompt.Length, generation.MaxNewTokens);
        return model.SubmitAsync(request, generation, cancellationToken);
    }, cancellationToken);

    private async Task<T> Logged<T>(string id, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            logger.Canceled(id);
            throw;
        }
        catch (VlmSharpException e)
        {
            logger.Refused(id, e.Message);
            throw;
        }
        catch (Exception e)
        {
            logger.Failed(id, e);
            throw;
        }
    }

    private GenerationResult Told(string id, PendingAnswer answer, GenerationResult result)
    {
        double first = answer.TimeToFirstToken?.TotalMilliseconds ?? 0;
        logger.Answered(id, result.PromptTokens, result.TokenIds.Count, Finish(result).Value, first, answer.Elapsed.TotalMilliseconds);
        return result;
    }

    private static AdditionalPropertiesDictionary? Properties(IEnumerable<ChatMessage> messages, ChatOptions? options) =>
        ChatRequest.Ignored(messages, options) is { } what ? new AdditionalPropertiesDictionary { [IgnoredKey] = what } : null;

    private static ChatFinishReason Finish(GenerationResult result) =>
        result.Finish == FinishReason.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;

    private static UsageDetails Usage(GenerationResult result) => new()
    {
        InputTokenCount = result.PromptTokens,
        OutputTokenCount = result.TokenIds.Count,
        TotalTokenCount = result.PromptTokens + result.TokenIds.Count,
    };

    private ChatResponseUpdate Update(string id, AIContent content) => new(ChatRole.Assistant, [content])
    {
        ResponseId = id,
        MessageId = id,
        ModelId = metadata.DefaultModelId,
        CreatedAt = DateTimeOffset.UtcNow,
    };
}
