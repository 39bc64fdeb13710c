using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// Turns token ids into text as they come. A run of byte pieces is held back until it ends, for only then is it known
/// whether it is UTF-8; so no character is ever split, and the parts joined are what decoding all ids at once gives.
/// </summary>
public sealed class StreamingDecoder
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ITokenizer tokenizer;
    private readonly bool skipSpecial;
    private readonly List<byte> bytes = [];

    /// <summary>Starts a text.</summary>
    /// <param name="tokenizer">Spells the pieces.</param>
    /// <param name="skipSpecial">Whether to leave out special tokens.</param>
    public StreamingDecoder(ITokenizer tokenizer, bool skipSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        this.tokenizer = tokenizer;
        this.skipSpecial = skipSpecial;
    }

    /// <summary>Takes the next id.</summary>
    /// <param name="id">Any id; one outside the vocabulary spells nothing.</param>
    /// <returns>The characters that are complete with it, possibly none.</returns>
    public string Append(int id)
    {
        if ((uint)id >= (uint)tokenizer.VocabularySize || (skipSpecial && tokenizer.IsSpecial(id))) return "";
        if (tokenizer.ByteOf(id) is >= 0 and int value)
        {
            bytes.Add((byte)value);
            return "";
        }

        return Flush() + tokenizer.Piece(id).Replace('\u2581', ' ');
    }

    /// <summary>Ends the text, or a part of it.</summary>
    /// <returns>What was held back; bytes that are not UTF-8 as one U+FFFD each.</returns>
    public string Flush()
    {
        if (bytes.Count == 0) return "";
        byte[] run = [.. bytes];
        bytes.Clear();
        try
        {
            return Strict.GetString(run);
        }
        catch (DecoderFallbackException)
        {
            return new string('\uFFFD', run.Length);
        }
    }
}
