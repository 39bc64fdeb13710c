using Microsoft.Extensions.AI;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Extensions.AI;

/// <summary>
/// Reads a chat as a request to the model, by the rules of the server's chat route. PaliGemma answers one prompt about pictures and
/// remembers nothing, so the last user message is the question. If it has no picture, the pictures of the last earlier user message with
/// pictures are used; all else in earlier turns is dropped. System text is ignored, and the response reports this. Anything else that the
/// model cannot do is refused with a reason.
/// </summary>
internal static class ChatRequest
{
    /// <summary>The pictures and the prompt of a chat.</summary>
    /// <param name="messages">
    /// At least one user message with <see cref="TextContent"/> and, for each picture, a <see cref="DataContent"/> with an image type or
    /// none.
    /// </param>
    /// <param name="model">The model, whose context limits the number of pictures.</param>
    /// <param name="images">How pictures are read.</param>
    /// <returns>
    /// The request. Its prompt is the joined texts of the last user message; its pictures are those of the last user message with pictures,
    /// in order.
    /// </returns>
    /// <exception cref="RequestException">The chat has another form.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be read.</exception>
    public static GenerationRequest Read(IEnumerable<ChatMessage> messages, VisionLanguageModel model, ImageOptions images)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatMessage[] asked = [.. messages.Where(m => m.Role == ChatRole.User)];
        if (asked is not [.., var last]) throw new RequestException("The chat has no user message: send one with a picture and a prompt.");
        DataContent[] pictures = PicturesOf(last);
        if (pictures.Length == 0 && asked.LastOrDefault(HasPicture) is { } earlier)
            pictures = [.. earlier.Contents.OfType<DataContent>().Where(IsPicture)];
        int most = model.Config.Text.MaxPositions / model.Config.Vision.Patches; // nothing is decoded that cannot fit
        if (pictures.Length > most)
            throw new RequestException(
                $"The message has {pictures.Length} pictures, but the model's context has room for {most}: send fewer.");
        return new GenerationRequest
        {
            Images =
            [
                .. pictures.Select((picture, i) =>
                    ImageFile.Decode(picture.Data.Span, picture.Name ?? $"Picture {i + 1} of the message", images)),
            ],
            Prompt = last.Text,
        };
    }

    /// <summary>The part of a chat that is ignored: "system" if it has system text, else null.</summary>
    public static string? Ignored(IEnumerable<ChatMessage> messages, ChatOptions? options) =>
        messages.Any(m => m.Role == ChatRole.System) || !string.IsNullOrEmpty(options?.Instructions) ? "system" : null;

    private static DataContent[] PicturesOf(ChatMessage message) => [.. message.Contents.Where(c => c is not TextContent).Select(Picture)];

    private static bool HasPicture(ChatMessage message) => message.Contents.OfType<DataContent>().Any(IsPicture);

    // Data of unknown type (uploaded by curl, or from a blob store) may be a picture: the decoder looks at the bytes.
    private static bool IsPicture(DataContent data) =>
        data.HasTopLevelMediaType("image") || data.MediaType is "application/octet-stream" or "binary/octet-stream";

    private static DataContent Picture(AIContent content) => content switch
    {
        DataContent data when IsPicture(data) => data,
        DataContent data => throw new RequestException($"The message has data of the type '{data.MediaType}': "
            + "PaliGemma takes text and pictures (image/*, or application/octet-stream)."),
        UriContent => throw new RequestException(
            "The message has a picture by its address, but nothing is downloaded: send its bytes as DataContent."),
        _ => throw new RequestException(
            $"The message has a {content.GetType().Name}: PaliGemma takes text (TextContent) and pictures (DataContent)."),
    };

    /// <summary>How to generate.</summary>
    /// <param name="options">The chat's options, or null.</param>
    /// <param name="client">The argument for <see cref="ChatOptions.RawRepresentationFactory"/>.</param>
    /// <param name="defaults">The values that the chat's options leave open.</param>
    /// <param name="model">The name of the model that answers.</param>
    /// <returns>The options.</returns>
    /// <exception cref="RequestException">An option asks for something that the model cannot do.</exception>
    public static GenerationOptions Options(ChatOptions? options, IChatClient client, GenerationOptions defaults, string model)
    {
        if (options is null) return defaults;
        Refuse(options, model);
        GenerationOptions start = options.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? defaults;
        GenerationOptions all = start with
        {
            MaxNewTokens = options.MaxOutputTokens ?? start.MaxNewTokens,
            Temperature = options.Temperature ?? start.Temperature,
            TopK = options.TopK ?? start.TopK,
            TopP = options.TopP ?? start.TopP,
            Seed = options.Seed ?? start.Seed,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : start.StopStrings,
        };
        // For chat services a temperature of 0 means that the likeliest token is always taken: greedy generation.
        return options.Temperature == 0 ? all with { Temperature = null, TopK = null, TopP = null, MinP = null } : all;
    }

    private static void Refuse(ChatOptions options, string model)
    {
        if (options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode)
            throw Unsupported("Tools", "PaliGemma calls no tools");
        if (options.ConversationId is not null)
            throw Unsupported("ConversationId", "nothing is remembered of a conversation: send its messages");
        if (options.ContinuationToken is not null) throw Unsupported("ContinuationToken", "an answer is not taken up again");
        if (options.ResponseFormat is ChatResponseFormatJson) throw Unsupported("ResponseFormat", "PaliGemma writes plain text");
        if (options.Reasoning is not null) throw Unsupported("Reasoning", "PaliGemma answers without a reasoning text");
        RefusePenalty("FrequencyPenalty", options.FrequencyPenalty);
        RefusePenalty("PresencePenalty", options.PresencePenalty);
        if (options.ModelId is { } asked && asked != model)
            throw Unsupported("ModelId", $"'{asked}' was asked for, but this client runs '{model}'");
    }

    private static void RefusePenalty(string option, float? penalty)
    {
        if (penalty is not (null or 0))
            throw Unsupported(option, "set GenerationOptions.RepetitionPenalty through RawRepresentationFactory instead");
    }

    private static RequestException Unsupported(string option, string reason) =>
        new($"ChatOptions.{option} cannot be honored: {reason}.") { Parameter = option };
}
