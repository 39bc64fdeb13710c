using System.Text;
using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Turns token ids into text one at a time, as they are generated. The parts, joined, are what
/// <see cref="ITokenizer.Decode"/> gives, and no part splits a UTF-8 character. Byte pieces wait until their run
/// ends: a run is one piece of text if it is UTF-8 as a whole, else one U+FFFD for each byte, and only the token
/// after it (or <see cref="Flush"/>) shows which.
/// </summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="skipSpecial">Whether to leave out special tokens.</param>
internal sealed class StreamingDecoder(ITokenizer tokenizer, bool skipSpecial)
{
    private byte[] run = new byte[16];
    private int runLength;

    /// <summary>Takes the next token.</summary>
    /// <param name="id">Any id; one outside the vocabulary spells nothing.</param>
    /// <returns>The text that is now certain; may be empty.</returns>
    public string Append(int id)
    {
        if ((uint)id >= (uint)tokenizer.VocabularySize || (skipSpecial && tokenizer.IsSpecial(id))) return "";
        string piece = tokenizer.Piece(id);
        if (piece.Length == 0) return "";
        int value = BytePiece.ValueOf(piece);
        if (value < 0)
        {
            string text = tokenizer.Text(id);
            return runLength == 0 ? text : Flush() + text;
        }
        if (runLength == run.Length) Array.Resize(ref run, run.Length * 2);
        run[runLength++] = (byte)value;
        return "";
    }

    /// <summary>What the byte pieces that wait would spell if the text ended here, if they are whole characters; empty otherwise.</summary>
    internal string Pending => Utf8.IsValid(run.AsSpan(0, runLength)) ? Encoding.UTF8.GetString(run, 0, runLength) : "";

    /// <summary>Ends the text; the decoder can then start another.</summary>
    /// <returns>The text of the byte pieces that were waiting.</returns>
    public string Flush()
    {
        ReadOnlySpan<byte> bytes = run.AsSpan(0, runLength);
        runLength = 0;
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length);
    }
}
