using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>Turns one sequence's tokens into text as they come: whole characters, and nothing of a stop string.</summary>
public sealed class TextStream
{
    private readonly StopText? text;

    internal TextStream(ITokenizer? tokenizer, IReadOnlyList<string> stops) => text = tokenizer is null ? null : new StopText(tokenizer, stops);

    /// <summary>Takes a token.</summary>
    /// <param name="token">The next of the sequence.</param>
    /// <returns>The characters that are certain now; at the end of the sequence also what was left.</returns>
    public string Append(GeneratedToken token)
    {
        if (text is null) return "";
        string piece = text.Append(token.Id);
        return token.Finish == FinishReason.None ? piece : piece + text.Flush();
    }
}
