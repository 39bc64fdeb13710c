using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>Turns one sequence's tokens into text as they come, whole characters at a time.</summary>
public sealed class TextStream
{
    private readonly StreamingDecoder? decoder;

    internal TextStream(ITokenizer? tokenizer) => decoder = tokenizer is null ? null : new StreamingDecoder(tokenizer, skipSpecial: true);

    /// <summary>Takes a token.</summary>
    /// <param name="token">The next of the sequence.</param>
    /// <returns>The characters that are complete now; at the end of the sequence also what was left.</returns>
    public string Append(GeneratedToken token)
    {
        if (decoder is null) return "";
        string text = decoder.Append(token.Id);
        return token.Finish == FinishReason.None ? text : text + decoder.Flush();
    }
}
