using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Output;

/// <summary>What of a prompt may mean something else than its writer thinks.</summary>
internal static class PromptNotes
{
    private const string ImageToken = "<image>";

    /// <summary>A sentence where a prompt marks places of pictures and they are read as text; else null.</summary>
    /// <param name="request">The request.</param>
    /// <param name="patches">Tokens of one picture.</param>
    public static string? Of(GenerationRequest request, int patches)
    {
        if (request.PromptIds is not null || request.ControlTokens == ControlTokens.AsTokens) return null;
        string text = PromptTokens.WithoutPlaceholders(request.Prompt, patches, request.Images.Count);
        return text.Contains(ImageToken, StringComparison.Ordinal)
            ? $"{ImageToken} in the prompt is read as text, and the pictures go first: leave it out, or let it mark their places with "
                + "--trust-control-tokens."
            : null;
    }
}
