namespace VlmSharp.Tokenization;

/// <summary>
/// Limits for tokenizer files. The largest known vocabulary of this family has 262,208 pieces, 580,604 merges and a file of 34 MB. The
/// limits leave room above that and keep a hostile file from exhausting memory.
/// </summary>
internal static class TokenizerLimits
{
    /// <summary>The largest file, in bytes.</summary>
    public const int FileBytes = 128 << 20;

    /// <summary>All ids are below this, because the sort key of <see cref="DerivedMerges"/> has 20 bits for an id.</summary>
    public const int Pieces = 1 << 20;

    /// <summary>The longest piece, in UTF-8 bytes (known: 93). It bounds the work per byte of matching and of deriving merges.</summary>
    public const int PieceBytes = 256;

    /// <summary>The most merges.</summary>
    public const int Merges = 1 << 22;

    /// <summary>The most UTF-8 bytes of all atomic tokens together, which determine the size of their trie.</summary>
    public const int AtomBytes = 1 << 20;
}
