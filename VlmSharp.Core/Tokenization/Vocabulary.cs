using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// The content of either tokenizer file in one form: pieces, merges, and the kind of each token. <see cref="AddPaliGemmaTokens"/> adds the
/// tokens that the PaliGemma processor adds to Gemma's vocabulary.
/// </summary>
internal sealed class Vocabulary(string fileName)
{
    private const int Locations = 1024;
    private const int Segments = 128;
    private readonly Dictionary<int, TokenKind> kinds = [];

    /// <summary>The file, for messages.</summary>
    public string FileName { get; } = fileName;

    /// <summary>Spellings by id, ids by spelling.</summary>
    public PieceTable Pieces { get; } = new();

    /// <summary>The merges. None produces a control token or a byte piece.</summary>
    public MergeTable Merges { get; set; } = new();

    /// <summary>Every token that is matched whole, with its kind.</summary>
    public IEnumerable<KeyValuePair<int, TokenKind>> WholeTokens => kinds;

    /// <summary>The kind of a token.</summary>
    public TokenKind KindOf(int id) => kinds.GetValueOrDefault(id, TokenKind.Normal);

    /// <summary>Whether merging may produce this id. Text must become neither a control token nor a raw byte.</summary>
    public bool IsMergeable(int id) =>
        KindOf(id) != TokenKind.Control && !TokenKinds.IsControlName(Pieces[id]) && BytePiece.ValueOf(Pieces[id]) < 0;

    /// <summary>Adds a piece of the base vocabulary.</summary>
    public void AddPiece(int id, ReadOnlySpan<byte> piece)
    {
        if (Pieces.Add(id, piece) is { } fault) throw TokenizerErrors.Unusable(FileName, fault);
    }

    /// <summary>Declares a token that is matched whole, and adds it if the vocabulary lacks it.</summary>
    /// <param name="id">Its id; if the vocabulary has the piece, the same one.</param>
    /// <param name="piece">Its UTF-8 spelling.</param>
    /// <param name="special">See <see cref="TokenKinds.Of"/>.</param>
    public void AddWholeToken(int id, ReadOnlySpan<byte> piece, bool special)
    {
        int known = Pieces.Find(piece);
        if (known < 0) AddPiece(id, piece);
        else if (known != id)
        {
            throw TokenizerErrors.Unusable(
                FileName, $"gives {MessageText.Quote(Encoding.UTF8.GetString(piece))} the ids {known} and {id}");
        }

        kinds[id] = TokenKinds.Of(piece, special);
    }

    /// <summary>
    /// Adds the tokens of the PaliGemma processor: locations, segments and the image placeholder are matched whole. Their ids come from the
    /// vocabulary, or else from added_tokens.json. Otherwise they are the next free ones, in the order of the rows of the published
    /// embedding table (locations, segments, image).
    /// </summary>
    /// <param name="addedTokens">The content of added_tokens.json.</param>
    public void AddPaliGemmaTokens(IReadOnlyList<KeyValuePair<string, int>> addedTokens)
    {
        foreach (string name in TokenKinds.ControlNames)
        {
            byte[] piece = Encoding.UTF8.GetBytes(name);
            if (Pieces.Find(piece) is >= 0 and int id) AddWholeToken(id, piece, special: true);
        }
        foreach ((string name, int id) in addedTokens)
        {
            byte[] piece = Encoding.UTF8.GetBytes(name);
            if (Pieces.Find(piece) < 0) AddWholeToken(id, piece, special: !IsAnswerToken(name));
        }
        for (int i = 0; i < Locations; i++) AddOrFind($"<loc{i:D4}>", special: false);
        for (int i = 0; i < Segments; i++) AddOrFind($"<seg{i:D3}>", special: false);
        AddOrFind("<image>", special: true);
    }

    // added_tokens.json does not say which tokens are special. Its tokens count as control tokens, to be cautious, except for the tokens
    // that occur in answers.
    private static bool IsAnswerToken(string name) =>
        name.StartsWith("<loc", StringComparison.Ordinal) || name.StartsWith("<seg", StringComparison.Ordinal);

    private void AddOrFind(string name, bool special)
    {
        byte[] piece = Encoding.UTF8.GetBytes(name);
        int known = Pieces.Find(piece);
        AddWholeToken(known >= 0 ? known : Pieces.Count, piece, special);
    }
}
