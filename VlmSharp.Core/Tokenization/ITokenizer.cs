namespace VlmSharp.Tokenization;

/// <summary>Text to token ids and back, for one vocabulary. Implementations are immutable and safe to share.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest id. The embedding table may have more rows, which have no text.</summary>
    int VocabularySize { get; }

    /// <summary>The id of <c>&lt;bos&gt;</c>, which separates the image tokens from the prompt.</summary>
    int BosId { get; }

    /// <summary>The id of <c>&lt;eos&gt;</c>, which ends an answer.</summary>
    int EosId { get; }

    /// <summary>The id of <c>&lt;pad&gt;</c>.</summary>
    int PadId { get; }

    /// <summary>The id of <c>&lt;unk&gt;</c>. Encoding never produces it, because any text can be spelled in bytes.</summary>
    int UnknownId { get; }

    /// <summary>The id of <c>&lt;image&gt;</c>, the placeholder of one image embedding.</summary>
    int ImageId { get; }

    /// <summary>The token ids of a text, without any additions.</summary>
    /// <param name="text">The text; lone surrogates count as U+FFFD.</param>
    /// <param name="controlTokens">How to read a control token that is written out in the text.</param>
    /// <returns>One id for each token, in the order of the text; none for an empty text.</returns>
    int[] Encode(string text, ControlTokens controlTokens);

    /// <summary>
    /// The text of token ids. Ids without text (outside the vocabulary) are skipped. A run of byte pieces that is not UTF-8 becomes one
    /// U+FFFD per byte.
    /// </summary>
    /// <param name="ids">Any integers, in the order of the text.</param>
    /// <param name="skipSpecial">Whether to leave out special tokens (see <see cref="IsSpecial"/>).</param>
    /// <returns>The text.</returns>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecial);

    /// <summary>
    /// The piece as the vocabulary spells it: <c>▁</c> (U+2581) for a space, <c>&lt;0x0A&gt;</c> for a byte, empty for an id that the
    /// vocabulary does not use.
    /// </summary>
    /// <param name="id">An id from 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <returns>The spelling.</returns>
    string Piece(int id);

    /// <summary>The text of a token: its piece with spaces instead of U+2581.</summary>
    /// <param name="id">An id below <see cref="VocabularySize"/>. A byte piece has no text by itself.</param>
    /// <returns>The text.</returns>
    string Text(int id) => Piece(id).Replace('\u2581', ' ');

    /// <summary>The id of a piece, spelled as in <see cref="Piece"/>.</summary>
    /// <param name="token">For instance <c>&lt;loc0123&gt;</c>, or a word with U+2581 for its space.</param>
    /// <returns>Its id, or null if the vocabulary lacks it.</returns>
    int? IdOf(string token);

    /// <summary>
    /// Whether a token controls the model and is not part of its answer: the control tokens and the two turn markers. <c>&lt;loc&gt;</c>
    /// and <c>&lt;seg&gt;</c> are parts of answers, so they are not special.
    /// </summary>
    /// <param name="id">Any id.</param>
    /// <returns>True for a special token.</returns>
    bool IsSpecial(int id);
}
