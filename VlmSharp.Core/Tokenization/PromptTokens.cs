namespace VlmSharp.Tokenization;

/// <summary>
/// The input ids of PaliGemma: image placeholders, <c>&lt;bos&gt;</c>, the prompt, and the newline that separates it from the answer (Beyer
/// et al. 2024, "PaliGemma: a versatile 3B VLM for transfer"). Prompt and newline are tokenized together, as in the reference processor. If
/// the prompt ends in a newline, the two newlines become one token that the model has not seen there. Trailing newlines are therefore
/// trimmed by default.
/// </summary>
public static class PromptTokens
{
    private const string ImageToken = "<image>", BosToken = "<bos>";

    /// <summary>Builds the input ids.</summary>
    /// <param name="tokenizer">Splits the texts between the placeholders.</param>
    /// <param name="prompt">The prompt; empty makes the model describe the picture.</param>
    /// <param name="imageTokenCount">Placeholders of one image: (image size / patch size) squared.</param>
    /// <param name="controlTokens">
    /// How to read control tokens in the prompt. As tokens: each <c>&lt;image&gt;</c> marks the position of one image, and
    /// <c>&lt;bos&gt;</c> goes after the last one; without any, the images go first. As text: they stay text, except the placeholders that
    /// <see cref="WithoutPlaceholders"/> removes.
    /// </param>
    /// <param name="trimTrailingNewlines">Whether to drop newlines at the end of the prompt.</param>
    /// <param name="imageCount">Images of this prompt.</param>
    /// <returns>One id for each token, image placeholders included.</returns>
    /// <exception cref="RequestException">The prompt marks positions for another number of images.</exception>
    public static int[] Build(
        ITokenizer tokenizer,
        string prompt,
        int imageTokenCount,
        ControlTokens controlTokens = ControlTokens.AsText,
        bool trimTrailingNewlines = true,
        int imageCount = 1)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(imageTokenCount);
        ArgumentOutOfRangeException.ThrowIfNegative(imageCount);
        if (trimTrailingNewlines) prompt = prompt.TrimEnd('\n', '\r');
        string[] texts = controlTokens == ControlTokens.AsTokens
            ? prompt.Split(ImageToken)
            : [WithoutPlaceholders(prompt, imageTokenCount, imageCount)];
        int marks = texts.Length - 1;
        if (marks > 0 && marks != imageCount)
        {
            throw new RequestException(
                $"The prompt has {marks} {ImageToken} but {imageCount} images were given; "
                + $"make the numbers equal, or leave {ImageToken} out to put all images first.");
        }

        var ids = new List<int>();
        if (marks == 0) AddImages(ids, tokenizer, (long)imageTokenCount * imageCount);
        for (int i = 0; i < marks; i++)
        {
            ids.AddRange(tokenizer.Encode(texts[i], controlTokens));
            AddImages(ids, tokenizer, imageTokenCount);
        }
        ids.Add(tokenizer.BosId);
        ids.AddRange(tokenizer.Encode(texts[^1] + "\n", controlTokens));
        return [.. ids];
    }

    /// <summary>
    /// Removes the placeholders that users of transformers write in front of a prompt: <c>&lt;image&gt;</c> once per picture, which its
    /// processor accepts, or once per image token with <c>&lt;bos&gt;</c> after them, which its processor produces. Any other number stays
    /// as text.
    /// </summary>
    /// <param name="prompt">As the user wrote it.</param>
    /// <param name="imageTokenCount">Placeholders of one image: (image size / patch size) squared.</param>
    /// <param name="imageCount">Images of this prompt.</param>
    /// <returns>The prompt's own text.</returns>
    public static string WithoutPlaceholders(string prompt, int imageTokenCount, int imageCount)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int marks = 0;
        while (prompt.AsSpan(marks * ImageToken.Length).StartsWith(ImageToken)) marks++;
        string rest = prompt[(marks * ImageToken.Length)..];
        if (marks == imageCount) return rest;
        if (marks != (long)imageTokenCount * imageCount) return prompt;
        return rest.StartsWith(BosToken, StringComparison.Ordinal) ? rest[BosToken.Length..] : rest;
    }

    private static void AddImages(List<int> ids, ITokenizer tokenizer, long count)
    {
        for (long i = 0; i < count; i++) ids.Add(tokenizer.ImageId);
    }
}
