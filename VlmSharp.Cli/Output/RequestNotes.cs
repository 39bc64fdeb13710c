using System.CommandLine;
using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Output;

/// <summary>Notes about requests that do not do what their author may think; one sentence each.</summary>
internal static class RequestNotes
{
    private const string ImageToken = "<image>", BosToken = "<bos>";

    /// <summary>Prints all notes about a request.</summary>
    /// <param name="network">Gives the tokens of a picture and the longest context.</param>
    /// <param name="request">What will be asked: its prompt and its pictures.</param>
    /// <param name="promptTokens">The number of tokens in its prompt, including pictures.</param>
    /// <param name="limit">The option that limits the new tokens.</param>
    /// <param name="asked">Its value; null if it is not given.</param>
    public static async Task WriteAsync(
        VisionLanguageModel network, GenerationRequest request, int promptTokens, Option limit, int? asked)
    {
        await WriteAsync(OfLength(limit, asked, promptTokens, network.Config.Text.MaxPositions));
        await WriteAsync(OfPrompt(request, network.Config.Vision.Patches));
    }

    /// <summary>Prints a note if there is one.</summary>
    public static async Task WriteAsync(string? note)
    {
        if (note is not null) await Console.Error.WriteLineAsync($"vlmsharp: {note}");
    }

    /// <summary>A note if more new tokens are asked for than the context has room for; otherwise null.</summary>
    /// <param name="limit">The option that limits the new tokens.</param>
    /// <param name="asked">Its value; null if it is not given.</param>
    /// <param name="promptTokens">The number of tokens in a prompt, including pictures.</param>
    /// <param name="context">The number of tokens in the model's context.</param>
    /// <param name="orMore">Whether prompts may have more tokens than <paramref name="promptTokens"/>.</param>
    public static string? OfLength(Option limit, int? asked, int promptTokens, int context, bool orMore = false) =>
        asked is { } most && most > context - promptTokens
            ? $"{limit.Name} {most} is cut to {Math.Max(0, context - promptTokens)}{(orMore ? " or less" : "")}: the "
                + $"prompt has {promptTokens} tokens{(orMore ? " or more" : "")}, pictures included, and the model's context {context}."
            : null;

    /// <summary>A note if a prompt contains image placeholders or <c>&lt;bos&gt;</c>, and this is read as text; otherwise null.</summary>
    /// <param name="request">What will be asked: its prompt and its pictures.</param>
    /// <param name="patches">Number of tokens of one picture.</param>
    public static string? OfPrompt(GenerationRequest request, int patches)
    {
        if (request.PromptIds is not null || request.ControlTokens == ControlTokens.AsTokens) return null;
        string text = PromptTokens.WithoutPlaceholders(request.Prompt, patches, request.Images.Count);
        if (text.Contains(ImageToken, StringComparison.Ordinal))
        {
            return $"{ImageToken} in the prompt is read as text, and the pictures go first: leave it out, or let it mark their places with "
                + "--trust-control-tokens of 'vlmsharp generate'.";
        }

        return text.Contains(BosToken, StringComparison.Ordinal)
            ? $"{BosToken} in the prompt is read as text, and the model gets its own before every prompt: leave it out."
            : null;
    }
}
