namespace VlmSharp.Tokenization;

/// <summary>How a token takes part in encoding and decoding.</summary>
internal enum TokenKind : byte
{
    /// <summary>Produced by merging, or as a byte.</summary>
    Normal,

    /// <summary>Matched whole in any text: newline runs, HTML tags, locations, segments.</summary>
    Atomic,

    /// <summary>Matched whole in any text, and special when decoding: the turn markers.</summary>
    AtomicSpecial,

    /// <summary>Matched only under <see cref="ControlTokens.AsTokens"/>, and special when decoding.</summary>
    Control,
}

/// <summary>Decides a token's kind by its name if the files disagree about it.</summary>
internal static class TokenKinds
{
    /// <summary>The control tokens that every PaliGemma vocabulary has.</summary>
    public static readonly string[] ControlNames = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"];

    /// <summary>
    /// The kind of a token that is matched whole. Names take precedence: tokenizer.json calls the turn markers special and tokenizer.model
    /// calls them user-defined, but a user's text that contains them is encoded to them in either case.
    /// </summary>
    /// <param name="piece">Its UTF-8 spelling.</param>
    /// <param name="special">Whether the file calls it special (tokenizer.json) or control (tokenizer.model).</param>
    public static TokenKind Of(ReadOnlySpan<byte> piece, bool special)
    {
        if (piece.SequenceEqual("<start_of_turn>"u8) || piece.SequenceEqual("<end_of_turn>"u8)) return TokenKind.AtomicSpecial;
        if (special || IsControlName(piece)) return TokenKind.Control;
        return TokenKind.Atomic;
    }

    /// <summary>Whether a piece is one of <see cref="ControlNames"/>.</summary>
    public static bool IsControlName(ReadOnlySpan<byte> piece) =>
        piece.SequenceEqual("<pad>"u8) || piece.SequenceEqual("<eos>"u8) || piece.SequenceEqual("<bos>"u8)
        || piece.SequenceEqual("<unk>"u8) || piece.SequenceEqual("<image>"u8);
}
