using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;
using VlmSharp.Tokenization;

namespace VlmSharp.Extensions.AI;

/// <summary>
/// A model's tokenizer as a <see cref="Tokenizer"/> of Microsoft.ML.Tokenizers, so that .NET code counts tokens and cuts texts as the
/// model does. Text is neither normalized nor split beforehand: the two arguments for this have no effect, and offsets refer to the text
/// that was given.
/// </summary>
/// <remarks>
/// <para>
/// The offsets of all tokens, joined, are the whole text. A character without a piece is spelled in bytes, one token each: the last one
/// has the character's offset, those before it have an empty offset at its start. A limit on tokens never cuts within a character, so it
/// may give up to three tokens fewer. A text that was cut at a limit encodes to exactly the tokens that were counted.
/// </para>
/// <para>Immutable, and safe to share between threads. Texts do not include the tokens of pictures: a prompt needs these as well.</para>
/// </remarks>
public sealed class VlmSharpTokenizer : Tokenizer
{
    private readonly ITokenizer tokenizer;
    private readonly ControlTokens controlTokens;
    private readonly int[] lengths; // by id: UTF-16 characters, Byte, or 0 if not looked up yet; threads may write the same number

    private const int Byte = -1;

    /// <summary>Makes a tokenizer of a vocabulary.</summary>
    /// <param name="tokenizer">The vocabulary: a model's, or from <see cref="TokenizerLoader.Load"/>.</param>
    /// <param name="controlTokens">How to treat control tokens that are spelled in a text.</param>
    public VlmSharpTokenizer(ITokenizer tokenizer, ControlTokens controlTokens = ControlTokens.AsText)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (this.tokenizer, this.controlTokens) = (tokenizer, controlTokens);
        lengths = new int[tokenizer.VocabularySize];
    }

    /// <summary>The vocabulary that the constructor was given: ids from 0 to its size - 1.</summary>
    public ITokenizer Vocabulary => tokenizer;

    /// <inheritdoc/>
    /// <remarks>
    /// A token's value is its piece as the vocabulary spells it, with U+2581 for a space and <c>&lt;0x0A&gt;</c> for a byte. Lone
    /// surrogates count as U+FFFD. At most <see cref="EncodeSettings.MaxTokenCount"/> tokens are given.
    /// </remarks>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> chars = text ?? textSpan;
        int[] ids = Encode(text, textSpan);
        List<Range> offsets = Cut(ids, chars, settings.MaxTokenCount);
        var tokens = new EncodedToken[offsets.Count];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = new EncodedToken(ids[i], tokenizer.Piece(ids[i]), offsets[i]);
        return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = EndOf(offsets) };
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        int[] ids = Encode(text, textSpan);
        if (ids.Length <= settings.MaxTokenCount) return new EncodeResults<int> { Tokens = ids, CharsConsumed = (text ?? textSpan).Length };
        List<Range> offsets = Cut(ids, text ?? textSpan, settings.MaxTokenCount);
        return new EncodeResults<int> { Tokens = ids[..offsets.Count], CharsConsumed = EndOf(offsets) };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        EncodeToIds(text, textSpan, settings).Tokens.Count;

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(
        string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        normalizedText = null;
        if (!fromEnd)
        {
            EncodeResults<int> start = EncodeToIds(text, textSpan, settings);
            tokenCount = start.Tokens.Count;
            return start.CharsConsumed;
        }

        ReadOnlySpan<char> chars = text ?? textSpan;
        int[] ids = Encode(text, textSpan);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.MaxTokenCount, nameof(settings));
        List<Range> offsets = Cut(ids, chars, int.MaxValue);
        int first = Math.Max(0, ids.Length - settings.MaxTokenCount);
        while (first > 0 && first < ids.Length && IsWithinCharacter(offsets[first - 1])) first++;
        tokenCount = ids.Length - first;
        return tokenCount == 0 ? chars.Length : offsets[first].Start.Value;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Decodes as <see cref="ITokenizer.Decode"/> does, special tokens with their spelling. An id outside the vocabulary spells nothing.
    /// </remarks>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return tokenizer.Decode(ids as int[] ?? [.. ids], skipSpecial: false);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Writes whole tokens, and whole characters of a run of byte tokens; a run that is not UTF-8 is written whole or not at all. The text
    /// of the consumed ids followed by the text of the remaining ids is the text of all ids. After
    /// <see cref="OperationStatus.DestinationTooSmall"/>, call again with the remaining ids.
    /// </remarks>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        (idsConsumed, charsWritten) = (0, 0);
        var run = new List<int>(); // byte tokens that wait for the end of their run
        foreach (int id in ids)
        {
            if (IsByte(id))
            {
                run.Add(id);
                continue;
            }
            if (!WriteRun(run, destination, ref idsConsumed, ref charsWritten)) return OperationStatus.DestinationTooSmall;
            if (!Write(tokenizer.Decode([id], skipSpecial: false), 1, destination, ref idsConsumed, ref charsWritten))
                return OperationStatus.DestinationTooSmall;
        }
        return WriteRun(run, destination, ref idsConsumed, ref charsWritten) ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    private int[] Encode(string? text, ReadOnlySpan<char> textSpan) => tokenizer.Encode(text ?? textSpan.ToString(), controlTokens);

    /// <summary>The offsets of the first tokens, at most the given number and up to the end of a character.</summary>
    private List<Range> Cut(int[] ids, ReadOnlySpan<char> text, int most)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(most, nameof(EncodeSettings.MaxTokenCount));
        var cursor = new TokenCursor(text);
        var offsets = new List<Range>(Math.Min(ids.Length, most));
        foreach (int id in ids.AsSpan(0, Math.Min(ids.Length, most)))
            offsets.Add(IsByte(id) ? cursor.NextByte() : cursor.Next(lengths[id]));
        while (offsets.Count > 0 && IsWithinCharacter(offsets[^1])) offsets.RemoveAt(offsets.Count - 1);
        return offsets;
    }

    private static int EndOf(List<Range> offsets) => offsets.Count == 0 ? 0 : offsets[^1].End.Value;

    private static bool IsWithinCharacter(Range offset) => offset.Start.Equals(offset.End);

    /// <summary>Whether an id stands for a byte. Its text when decoded alone is then not its piece.</summary>
    private bool IsByte(int id)
    {
        if ((uint)id >= (uint)lengths.Length) return false;
        if (lengths[id] == 0)
        {
            string text = tokenizer.Text(id);
            lengths[id] = text.Length == 0 || tokenizer.Decode([id], skipSpecial: false) == text ? text.Length : Byte;
        }
        return lengths[id] == Byte;
    }

    private bool WriteRun(List<int> run, Span<char> destination, ref int idsConsumed, ref int charsWritten)
    {
        if (run.Count == 0) return true;
        string text = tokenizer.Decode([.. run], skipSpecial: false);
        if (Write(text, run.Count, destination, ref idsConsumed, ref charsWritten))
        {
            run.Clear();
            return true;
        }
        // A run that is not UTF-8 spells U+FFFD for each byte, but parts of it might be valid UTF-8.
        if (text.Length == run.Count && text[0] == '\uFFFD') return false;
        foreach (Rune character in text.EnumerateRunes())
            if (!Write(character.ToString(), character.Utf8SequenceLength, destination, ref idsConsumed, ref charsWritten)) break;
        return false;
    }

    private static bool Write(string text, int ids, Span<char> destination, ref int idsConsumed, ref int charsWritten)
    {
        if (!text.TryCopyTo(destination[charsWritten..])) return false;
        charsWritten += text.Length;
        idsConsumed += ids;
        return true;
    }
}
