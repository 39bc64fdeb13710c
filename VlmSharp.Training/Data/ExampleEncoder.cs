using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Training.Data;

/// <summary>
/// Turns examples into tokens as in PaliGemma's training (Beyer et al. 2024, section 3.2.1): the question as at inference, the newline
/// tokenized separately, then the answer followed by eos. The loss covers answer and eos. Thread-safe.
/// </summary>
public sealed class ExampleEncoder
{
    private readonly PaliGemmaConfig config;
    private readonly ITokenizer tokenizer;

    /// <summary>Creates an encoder for a model.</summary>
    /// <param name="config">The architecture: the number of tokens of a picture and of the context.</param>
    /// <param name="tokenizer">The model's vocabulary.</param>
    /// <param name="textLength">
    /// The maximum number of text tokens, including bos, newline and eos but not pictures; the answer is cut beyond it. When null, the
    /// model's context is the limit.
    /// </param>
    public ExampleEncoder(PaliGemmaConfig config, ITokenizer tokenizer, int? textLength = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (textLength is { } length) ArgumentOutOfRangeException.ThrowIfLessThan(length, 1, nameof(textLength));
        (this.config, this.tokenizer, TextLength) = (config, tokenizer, textLength);
    }

    /// <summary>The most tokens of a text, or null where only the context limits them.</summary>
    public int? TextLength { get; }

    /// <summary>Encodes an example with one of its answers.</summary>
    /// <param name="example">Its question and the number of its pictures; the files are not read.</param>
    /// <param name="suffix">One of its answers; it is cut if there is no room for all of it.</param>
    /// <returns>Its tokens, at least one target among them.</returns>
    /// <exception cref="TrainingDataException">Pictures and question leave no room for an answer.</exception>
    public EncodedExample Encode(TrainingExample example, string suffix)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(suffix);
        long images = (long)config.Vision.Patches * example.Images.Count, room = config.Text.MaxPositions - images;
        long most = Math.Min(room, TextLength ?? room);
        // Trailing newlines are removed, as at inference, so that the newline after the prefix is a token of its own.
        int[] prefix = images <= config.Text.MaxPositions
            ? PromptTokens.Build(tokenizer, example.Prefix, config.Vision.Patches, imageCount: example.Images.Count)
            : throw new TrainingDataException($"{example.Where}: {example.Images.Count} pictures are {images} tokens, more than the "
                + $"{config.Text.MaxPositions} of the model's context: give fewer.");
        int[] answer = tokenizer.Encode(suffix, ControlTokens.AsText);
        long question = prefix.Length - images, left = most - question;
        if (left < 1)
            throw new TrainingDataException($"{example.Where}: the question alone has {question} tokens of the {most} that a text may "
                + "have, so no answer can be learned: allow longer texts, or shorten it.");
        int[] targets = [.. answer, tokenizer.EosId];
        int taken = (int)Math.Min(left, targets.Length);
        return new EncodedExample([.. prefix, .. targets.AsSpan(0, taken)], prefix.Length, targets.Length - taken);
    }

    /// <summary>The number of tokens of an example's text, including bos, newline and eos but not pictures, without any cut.</summary>
    /// <param name="prefix">The question, without placeholders.</param>
    /// <param name="suffix">The answer, without the end token.</param>
    /// <returns>Number of tokens.</returns>
    public int CountText(string prefix, string suffix) =>
        PromptTokens.Build(tokenizer, prefix, 0).Length + CountTokens(suffix) + 1;

    /// <summary>How many tokens a text has by itself.</summary>
    /// <param name="text">Read without control tokens.</param>
    /// <returns>Number of tokens.</returns>
    public int CountTokens(string text) => tokenizer.Encode(text, ControlTokens.AsText).Length;
}
