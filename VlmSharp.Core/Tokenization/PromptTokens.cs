namespace VlmSharp.Tokenization;

/// <summary>
/// The prompt as PaliGemma was trained on it: image placeholders, <c>&lt;bos&gt;</c>, the text, and a line feed that
/// separates prompt and answer.
/// </summary>
public static class PromptTokens
{
    /// <summary>Builds the ids of a prompt.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="prompt">The text. Line feeds at its end are dropped: the separator follows, and two would be another token.</param>
    /// <param name="imageTokens">Placeholders for all pictures together.</param>
    /// <param name="trusted">
    /// Whether control tokens in the text mean what they say. An <c>&lt;image&gt;</c> in a trusted text says where a picture's
    /// placeholders stand; <c>&lt;bos&gt;</c> then follows the last of them.
    /// </param>
    /// <param name="images">Number of pictures, which <paramref name="imageTokens"/> is a multiple of.</param>
    /// <returns>The ids.</returns>
    public static int[] Build(ITokenizer tokenizer, string prompt, int imageTokens, bool trusted = false, int images = 1)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(imageTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        string text = prompt.TrimEnd('\n') + "\n";
        const string Image = "<image>";
        if (!trusted || !text.Contains(Image, StringComparison.Ordinal))
        {
            int[] body = tokenizer.Encode(text, trusted ? ControlTokens.Honour : ControlTokens.AsText);
            return [.. Enumerable.Repeat(tokenizer.ImageId, imageTokens), tokenizer.BosId, .. body];
        }

        int afterLast = text.LastIndexOf(Image, StringComparison.Ordinal) + Image.Length;
        int[] head = tokenizer.Encode(text[..afterLast], ControlTokens.Honour);
        int[] tail = tokenizer.Encode(text[afterLast..], ControlTokens.Honour);
        int each = imageTokens / images;
        return [.. head.SelectMany(id => Enumerable.Repeat(id, id == tokenizer.ImageId ? each : 1)), tokenizer.BosId, .. tail];
    }
}
