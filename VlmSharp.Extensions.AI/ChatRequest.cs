using Microsoft.Extensions.AI;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Extensions.AI;

/// <summary>
/// What a chat asks, in the model's terms. PaliGemma answers one prompt about pictures: no system prompt, no turns before, no
/// tools. What it cannot do is refused with a reason, never left out in silence.
/// </summary>
internal static class ChatRequest
{
    private const string OneTurn = "PaliGemma answers one prompt and remembers no turn before it";

    /// <summary>The pictures and the prompt of a chat.</summary>
    /// <param name="messages">One user message with <see cref="TextContent"/> and, for each picture, a <see cref="DataContent"/> of an image type.</param>
    /// <param name="model">The model, whose context limits the number of pictures.</param>
    /// <param name="images">How pictures are read.</param>
    /// <returns>The request. Its pictures are those of the message in order, its prompt the texts joined.</returns>
    /// <exception cref="RequestException">The chat is another one.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be read.</exception>
    public static GenerationRequest Read(IEnumerable<ChatMessage> messages, VisionLanguageModel model, ImageOptions images)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatMessage message = TheOnly(messages);
        DataContent[] pictures = [.. message.Contents.Where(c => c is not TextContent).Select(Picture)];
        int most = model.Config.Text.MaxPositions / model.Config.Vision.Patches; // nothing is decoded that cannot fit
        if (pictures.Length > most) throw new RequestException($"The message has {pictures.Length} pictures, but the model's context has room for {most}: send fewer.");
        return new GenerationRequest
        {
            Images = [.. pictures.Select((picture, i) => ImageFile.Decode(picture.Data.Span, picture.Name ?? $"Picture {i + 1} of the message", images))],
            Prompt = message.Text,
        };
    }

    private static ChatMessage TheOnly(IEnumerable<ChatMessage> messages)
    {
        ChatMessage[] all = [.. messages];
        if (Array.Find(all, m => m.Role == ChatRole.System) is not null)
            throw new RequestException("The chat has a system message, but PaliGemma has no system prompt: leave it out.");
        return all switch
        {
            [var only] when only.Role == ChatRole.User => only,
            [] => throw new RequestException("The chat has no message: send one user message with a picture and a prompt."),
            [var only] => throw new RequestException($"The chat's message has the role '{only.Role}': send one user message with a picture and a prompt."),
            _ => throw new RequestException($"The chat has {all.Length} messages, but {OneTurn}: send one user message with everything in it."),
        };
    }

    private static DataContent Picture(AIContent content) => content switch
    {
        DataContent data when data.HasTopLevelMediaType("image") => data,
        DataContent data => throw new RequestException($"The message has data of the type '{data.MediaType}': PaliGemma takes text and pictures (image/*)."),
        UriContent => throw new RequestException("The message has a picture by its address, but nothing is downloaded: send its bytes as DataContent."),
        _ => throw new RequestException($"The message has a {content.GetType().Name}: PaliGemma takes text (TextContent) and pictures (DataContent)."),
    };

    /// <summary>How to generate.</summary>
    /// <param name="options">The chat's options, or null.</param>
    /// <param name="client">What <see cref="ChatOptions.RawRepresentationFactory"/> gets.</param>
    /// <param name="defaults">What the chat's options leave open.</param>
    /// <param name="model">The name of the model that answers.</param>
    /// <returns>The options.</returns>
    /// <exception cref="RequestException">An option asks for what the model cannot do.</exception>
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
        // Chat services read a temperature of 0 as: always the likeliest token. That is greedy generation.
        return options.Temperature == 0 ? all with { Temperature = null, TopK = null, TopP = null, MinP = null } : all;
    }

    private static void Refuse(ChatOptions options, string model)
    {
        if (options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode) throw Unsupported("Tools", "PaliGemma calls no tools");
        if (!string.IsNullOrEmpty(options.Instructions)) throw Unsupported("Instructions", "PaliGemma has no system prompt");
        if (options.ConversationId is not null) throw Unsupported("ConversationId", OneTurn);
        if (options.ContinuationToken is not null) throw Unsupported("ContinuationToken", "an answer is not taken up again");
        if (options.ResponseFormat is ChatResponseFormatJson) throw Unsupported("ResponseFormat", "PaliGemma writes plain text");
        if (options.Reasoning is not null) throw Unsupported("Reasoning", "PaliGemma answers without a reasoning text");
        if (options.FrequencyPenalty is not (null or 0)) throw Unsupported("FrequencyPenalty", "set GenerationOptions.RepetitionPenalty through RawRepresentationFactory instead");
        if (options.PresencePenalty is not (null or 0)) throw Unsupported("PresencePenalty", "set GenerationOptions.RepetitionPenalty through RawRepresentationFactory instead");
        if (options.ModelId is { } asked && asked != model) throw Unsupported("ModelId", $"'{asked}' was asked for, but this client runs '{model}'");
    }

    private static RequestException Unsupported(string option, string reason) =>
        new($"ChatOptions.{option} cannot be honored: {reason}.") { Parameter = option };
}
