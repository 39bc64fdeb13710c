namespace VlmSharp.Tokenization;

/// <summary>
/// What a tokenizer file may ask for. The largest known vocabulary of this family has 262,208 pieces, 580,604
/// merges and a file of 34 MB; the limits leave room above that and keep a hostile file from exhausting memory.
/// </summary>
internal static class TokenizerLimits
{
    /// <summary>Largest file, in bytes.</summary>
    public const int FileBytes = 128 << 20;

    /// <summary>Ids run below this; also the width of an id in <see cref="MergeTable"/> and <see cref="DerivedMerges"/>.</summary>
    public const int Pieces = 1 << 20;

    /// <summary>Longest piece, in UTF-8 bytes (known: 93); it bounds the work per byte of matching and of deriving merges.</summary>
    public const int PieceBytes = 256;

    /// <summary>Most merges.</summary>
    public const int Merges = 1 << 22;

    /// <summary>Most atomic tokens together, in UTF-8 bytes: the size of their trie.</summary>
    public const int AtomBytes = 1 << 20;
}
