using System.Collections.Immutable;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>What ends the sequences of a session: tokens, and texts.</summary>
internal sealed class StopRule
{
    private readonly ITokenizer? tokenizer;
    private readonly IReadOnlyList<string> strings;

    public StopRule(GenerationOptions options, ImmutableArray<int> endOfSequence, int vocabulary, ITokenizer? tokenizer)
    {
        this.tokenizer = tokenizer;
        strings = options.StopStrings;
        if (strings.Count > 0 && tokenizer is null)
            throw new RequestException("stop_strings: they need the model's tokenizer, which its folder lacks; give stop_ids instead.") { Parameter = "stop_strings" };
        foreach (int id in options.StopIds)
            if (id >= vocabulary) throw new RequestException($"stop_ids {id}: it is outside the vocabulary of {vocabulary} tokens.") { Parameter = "stop_ids" };
        ReadOnlySpan<int> model = options.IgnoreEndOfSequence ? [] : endOfSequence.AsSpan();
        Ids = [.. model, .. options.StopIds];
    }

    /// <summary>The tokens that end a sequence.</summary>
    public int[] Ids { get; }

    /// <summary>Whether a token ends its sequence.</summary>
    public bool Ends(int id) => Ids.AsSpan().Contains(id);

    /// <summary>A watcher of one sequence's text; null where no stop string is given.</summary>
    public StopText? Watch() => HasStrings ? new StopText(tokenizer!, strings) : null;

    /// <summary>Whether there are stop strings, so that a sequence's whole text matters.</summary>
    public bool HasStrings => strings.Count > 0;

    /// <summary>Whether the text of a whole sequence has a stop string in it.</summary>
    public bool EndsText(ReadOnlySpan<int> newTokens)
    {
        if (!HasStrings) return false;
        string text = tokenizer!.Decode(newTokens, skipSpecial: true);
        return StopText.Cut(text, strings).Length < text.Length;
    }

    /// <summary>The text of a result, cut before the first stop string; null without a tokenizer.</summary>
    public string? Text(ReadOnlySpan<int> newTokens) => tokenizer is null ? null : StopText.Cut(tokenizer.Decode(newTokens, skipSpecial: true), strings);
}
