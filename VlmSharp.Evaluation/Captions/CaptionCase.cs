namespace VlmSharp.Evaluation.Captions;

/// <summary>A picture's caption and the human captions.</summary>
/// <param name="Id">The picture's id, as its file has it.</param>
/// <param name="Candidate">The caption to score.</param>
/// <param name="References">Human captions, at least one.</param>
public sealed record CaptionCase(string Id, string Candidate, IReadOnlyList<string> References)
{
    /// <summary>The same captions as words, joined by single spaces.</summary>
    /// <param name="tokenization">How words are found.</param>
    public CaptionCase Tokenize(CaptionTokenization tokenization)
    {
        Func<string, string> words = tokenization switch
        {
            CaptionTokenization.Ptb => PtbTokenizer.Words,
            CaptionTokenization.Whitespace => text => string.Join(' ', PythonText.Split(text)),
            CaptionTokenization.None => text => text,
            _ => throw new ArgumentOutOfRangeException(nameof(tokenization), tokenization, null),
        };
        return this with { Candidate = words(Candidate), References = [.. References.Select(words)] };
    }
}
