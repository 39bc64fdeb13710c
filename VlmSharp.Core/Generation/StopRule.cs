using System.Collections.Immutable;
using System.Text;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>What ends the sequences of a session: tokens and texts.</summary>
internal sealed class StopRule
{
    private readonly ITokenizer? tokenizer;
    private readonly IReadOnlyList<string> strings;

    public StopRule(GenerationOptions options, ImmutableArray<int> endOfSequence, int vocabulary, ITokenizer? tokenizer)
    {
        this.tokenizer = tokenizer;
        strings = options.StopStrings;
        if (strings.Count > 0 && tokenizer is null)
        {
            throw new RequestException("stop_strings: they need the model's tokenizer, which its folder lacks; give stop_ids instead.")
            {
                Parameter = "stop_strings",
            };
        }

        foreach (int id in options.StopIds)
            if (id >= vocabulary)
            {
                throw new RequestException($"stop_ids {id}: it is outside the vocabulary of {vocabulary} tokens.")
                {
                    Parameter = "stop_ids",
                };
            }

        ReadOnlySpan<int> model = options.IgnoreEndOfSequence ? [] : endOfSequence.AsSpan();
        Ids = [.. model, .. options.StopIds];
    }

    /// <summary>The tokens that end a sequence.</summary>
    public int[] Ids { get; }

    /// <summary>Whether a token ends its sequence.</summary>
    public bool Ends(int id) => Ids.AsSpan().Contains(id);

    /// <summary>A reader of one sequence's text; null without a tokenizer.</summary>
    public StopText? Read() => tokenizer is null ? null : new StopText(tokenizer, strings);

    /// <summary>Whether there are stop strings, so that the whole text of a sequence matters.</summary>
    public bool HasStrings => strings.Count > 0;

    /// <summary>Whether the text of a whole sequence contains a stop string.</summary>
    public bool EndsText(ReadOnlySpan<int> newTokens) => HasStrings && Read(newTokens, out _);

    /// <summary>The text of a whole sequence, cut before the first stop string; null without a tokenizer.</summary>
    public string? Text(ReadOnlySpan<int> newTokens)
    {
        if (tokenizer is null) return null;
        Read(newTokens, out string text);
        return text;
    }

    private bool Read(ReadOnlySpan<int> newTokens, out string text)
    {
        StopText reader = Read()!;
        var parts = new StringBuilder();
        foreach (int id in newTokens) parts.Append(reader.Append(id));
        text = parts.Append(reader.Flush()).ToString();
        return reader.IsStopped;
    }
}
