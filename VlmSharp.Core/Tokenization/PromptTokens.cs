namespace VlmSharp.Tokenization;

/// <summary>
/// The input ids of PaliGemma: image placeholders, <c>&lt;bos&gt;</c>, the prompt, and the newline that separates it
/// from the answer (Beyer et al. 2024, "PaliGemma: a versatile 3B VLM for transfer"). Prompt and newline are
/// tokenized jointly, as the reference processor does: after a prompt that itself ends in a newline, the two make
/// one token that the model has not seen there, which is why trailing newlines are trimmed unless asked otherwise.
/// </summary>
public static class PromptTokens
{
    private const string ImageToken = "<image>";

    /// <summary>Builds the input ids.</summary>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="prompt">The prompt; empty makes the model describe the picture.</param>
    /// <param name="imageTokenCount">Placeholders of one image: (image size / patch size) squared.</param>
    /// <param name="controlTokens">
    /// What control tokens in the prompt mean. As tokens, each <c>&lt;image&gt;</c> stands for one image, at its
    /// place, and <c>&lt;bos&gt;</c> goes after the last; without any, the images go first.
    /// </param>
    /// <param name="trimTrailingNewlines">Whether to drop newlines at the end of the prompt.</param>
    /// <param name="imageCount">Images of this prompt.</param>
    /// <returns>The ids.</returns>
    /// <exception cref="RequestException">The prompt marks places for another number of images.</exception>
    public static int[] Build(ITokenizer tokenizer, string prompt, int imageTokenCount, ControlTokens controlTokens = ControlTokens.AsText, bool trimTrailingNewlines = true, int imageCount = 1)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(imageTokenCount);
        ArgumentOutOfRangeException.ThrowIfNegative(imageCount);
        if (trimTrailingNewlines) prompt = prompt.TrimEnd('\n', '\r');
        string[] texts = controlTokens == ControlTokens.AsTokens ? prompt.Split(ImageToken) : [prompt];
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

    private static void AddImages(List<int> ids, ITokenizer tokenizer, long count)
    {
        for (long i = 0; i < count; i++) ids.Add(tokenizer.ImageId);
    }
}
