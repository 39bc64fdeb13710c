using System.Text;
using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Server.Chat;

/// <summary>
/// The log-probabilities of one answer, in step with its text: a token is released once text that it begins has been sent. The tokens of a
/// stop text, which is not part of the answer, and the end token are therefore not released.
/// </summary>
/// <param name="tokenizer">Says how tokens are spelled.</param>
internal sealed class LoggedTokens(ITokenizer tokenizer)
{
    private readonly Queue<(LoggedToken Token, long Start)> held = [];
    private long end, released; // in bytes of UTF-8

    /// <summary>The tokens of an answer that is complete.</summary>
    public static List<LoggedToken> Of(ITokenizer tokenizer, GenerationResult result)
    {
        var all = new LoggedTokens(tokenizer);
        for (int i = 0; i < result.TokenIds.Count; i++)
            all.Add(new LoggedToken(result.TokenIds[i], result.LogProbabilities[i], result.TopLogProbabilities?[i] ?? []));
        return all.Release(result.Text ?? "");
    }

    /// <summary>Takes the next token.</summary>
    public void Add(LoggedToken token)
    {
        int length = TokenSpelling.Bytes(tokenizer, token.Id).Length;
        if (length > 0) held.Enqueue((token, end));
        end += length;
    }

    /// <summary>The tokens that belong to the next piece of text.</summary>
    public List<LoggedToken> Release(string piece)
    {
        released += Encoding.UTF8.GetByteCount(piece);
        var all = new List<LoggedToken>();
        while (held.TryPeek(out var next) && next.Start < released) all.Add(held.Dequeue().Token);
        return all;
    }
}
