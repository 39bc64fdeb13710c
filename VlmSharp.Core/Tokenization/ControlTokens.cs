namespace VlmSharp.Tokenization;

/// <summary>
/// What a control token spelled out in a text means. Control tokens are <c>&lt;pad&gt;</c>, <c>&lt;eos&gt;</c>,
/// <c>&lt;bos&gt;</c>, <c>&lt;unk&gt;</c>, <c>&lt;image&gt;</c> and every further token that the tokenizer files
/// declare special. The turn markers <c>&lt;start_of_turn&gt;</c> and <c>&lt;end_of_turn&gt;</c> are not among them:
/// SentencePiece has them as user-defined pieces, so they are matched in any text, as <c>&lt;loc0000&gt;</c>,
/// <c>&lt;seg000&gt;</c>, runs of newlines and HTML tags are.
/// </summary>
public enum ControlTokens
{
    /// <summary>Nothing: the characters are text like any other. For text that a user typed.</summary>
    AsText,

    /// <summary>The control token itself. For text that the program itself composed.</summary>
    AsTokens,
}
