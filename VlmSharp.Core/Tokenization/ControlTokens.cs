namespace VlmSharp.Tokenization;

/// <summary>
/// How to read a control token that is written out in a text. Control tokens are <c>&lt;pad&gt;</c>, <c>&lt;eos&gt;</c>,
/// <c>&lt;bos&gt;</c>, <c>&lt;unk&gt;</c>, <c>&lt;image&gt;</c> and every further token that the tokenizer files declare special. The turn
/// markers <c>&lt;start_of_turn&gt;</c> and <c>&lt;end_of_turn&gt;</c> are not among them. SentencePiece has them as user-defined pieces,
/// so they are matched in any text, like <c>&lt;loc0000&gt;</c>, <c>&lt;seg000&gt;</c>, runs of newlines and HTML tags.
/// </summary>
public enum ControlTokens
{
    /// <summary>As ordinary characters. For text from a user.</summary>
    AsText,

    /// <summary>As the control token itself. For text that the program composed.</summary>
    AsTokens,
}
