using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Output;

/// <summary>Notes about prompts that may not mean what their author thinks.</summary>
internal static class PromptNotes
{
    private const string ImageToken = "<image>";

    /// <summary>A note if a prompt contains image placeholders that are read as text; otherwise null.</summary>
    /// <param name="request">A request with a prompt of text; one with token ids gets no note.</param>
    /// <param name="patches">Number of tokens of one picture.</param>
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
