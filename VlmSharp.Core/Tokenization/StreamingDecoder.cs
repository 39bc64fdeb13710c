using System.Text;
using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Turns token ids into text one at a time, as they are generated. The parts, joined, equal the result of <see cref="ITokenizer.Decode"/>,
/// and no part splits a UTF-8 character. Byte pieces wait until their run ends. A run is text if the whole run is valid UTF-8; otherwise it
/// becomes one U+FFFD per byte. Only the next token (or <see cref="Flush"/>) shows where the run ends.
/// </summary>
/// <param name="tokenizer">Says how each token is spelled, and which tokens are bytes.</param>
/// <param name="skipSpecial">Whether to leave out special tokens.</param>
internal sealed class StreamingDecoder(ITokenizer tokenizer, bool skipSpecial)
{
    private byte[] run = new byte[16];
    private int runLength;

    /// <summary>Appends the next token.</summary>
    /// <param name="id">Any id; one outside the vocabulary has no text.</param>
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

    /// <summary>The text of the waiting byte pieces if the text ended here and they are whole characters; otherwise empty.</summary>
    internal string Pending => Utf8.IsValid(run.AsSpan(0, runLength)) ? Encoding.UTF8.GetString(run, 0, runLength) : "";

    /// <summary>Ends the text; the decoder can then start another.</summary>
    /// <returns>The text of the waiting byte pieces.</returns>
    public string Flush()
    {
        ReadOnlySpan<byte> bytes = run.AsSpan(0, runLength);
        runLength = 0;
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length);
    }
}
