using System.Text;

namespace VlmSharp.Tokenization;

/// <summary>
/// Gemma's tokenizer with PaliGemma's additions: byte-pair encoding over a SentencePiece vocabulary with byte fallback (Sennrich et al.
/// 2016; Kudo and Richardson 2018). Atomic tokens are cut out of the raw text first, leftmost and longest first. The text between them is
/// merged from characters, with U+2581 for a space. A character without a piece is spelled in bytes. There is no other normalization and no
/// dummy prefix.
/// </summary>
internal sealed class GemmaTokenizer : ITokenizer
{
    private readonly Vocabulary vocabulary;
    private readonly TokenTrie atoms = new();
    private readonly TokenTrie atomsAndControls = new();
    private readonly int[] byteIds;
    private readonly int spaceId;
    private readonly string?[] pieceCache, textCache; // filled on demand; two threads may write the same string

    private GemmaTokenizer(Vocabulary vocabulary, IReadOnlyList<KeyValuePair<string, int>> addedTokens)
    {
        this.vocabulary = vocabulary;
        vocabulary.AddPaliGemmaTokens(addedTokens);
        BuildTries();
        byteIds = BytePiece.IdsIn(vocabulary);
        spaceId = RequiredId("\u2581");
        PadId = RequiredId("<pad>");
        EosId = RequiredId("<eos>");
        BosId = RequiredId("<bos>");
        UnknownId = RequiredId("<unk>");
        ImageId = RequiredId("<image>");
        (pieceCache, textCache) = (new string?[VocabularySize], new string?[VocabularySize]);
    }

    /// <inheritdoc/>
    public int VocabularySize => vocabulary.Pieces.Count;

    /// <inheritdoc/>
    public int BosId { get; }

    /// <inheritdoc/>
    public int EosId { get; }

    /// <inheritdoc/>
    public int PadId { get; }

    /// <inheritdoc/>
    public int UnknownId { get; }

    /// <inheritdoc/>
    public int ImageId { get; }

    internal MergeTable Merges => vocabulary.Merges;

    /// <summary>Creates the tokenizer from the bytes of <c>tokenizer.model</c>.</summary>
    /// <param name="file">The whole file: a protobuf message.</param>
    /// <param name="fileName">The file's name in messages.</param>
    /// <param name="addedTokens">The content of added_tokens.json, if it exists.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">The file is damaged or contains another kind of model.</exception>
    public static GemmaTokenizer FromSentencePiece(
        ReadOnlySpan<byte> file, string fileName, IReadOnlyList<KeyValuePair<string, int>>? addedTokens = null) =>
        new(SentencePieceModelFile.Read(file, fileName), addedTokens ?? []);

    /// <summary>Creates the tokenizer from the bytes of <c>tokenizer.json</c>.</summary>
    /// <param name="file">The whole file: JSON, UTF-8.</param>
    /// <param name="fileName">The file's name in messages.</param>
    /// <param name="addedTokens">The content of added_tokens.json, if it exists.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="TokenizerFormatException">The file is damaged or contains another kind of model.</exception>
    public static GemmaTokenizer FromJson(
        ReadOnlySpan<byte> file, string fileName, IReadOnlyList<KeyValuePair<string, int>>? addedTokens = null) =>
        new(TokenizerJsonFile.Read(file, fileName), addedTokens ?? []);

    /// <inheritdoc/>
    public int[] Encode(string text, ControlTokens controlTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] utf8 = Encoding.UTF8.GetBytes(text); // lone surrogates become U+FFFD here
        TokenTrie trie = controlTokens == ControlTokens.AsTokens ? atomsAndControls : atoms;
        var merging = new BytePairEncoder(vocabulary.Pieces, vocabulary.Merges, vocabulary.IsMergeable, spaceId, byteIds);
        var ids = new List<int>(text.Length / 3 + 4);
        int fragment = 0;
        for (int at = 0; at < utf8.Length;)
        {
            int length = trie.Match(utf8.AsSpan(at), out int id);
            if (length == 0)
            {
                at++;
                continue;
            }
            if (at > fragment) merging.Encode(utf8.AsSpan(fragment, at - fragment), ids);
            ids.Add(id);
            at += length;
            fragment = at;
        }
        if (fragment < utf8.Length) merging.Encode(utf8.AsSpan(fragment), ids);
        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(this, skipSpecial);
        var text = new StringBuilder(ids.Length * 4);
        foreach (int id in ids) text.Append(decoder.Append(id));
        return text.Append(decoder.Flush()).ToString();
    }

    /// <inheritdoc/>
    public string Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return pieceCache[id] ??= Encoding.UTF8.GetString(vocabulary.Pieces[id]);
    }

    /// <inheritdoc/>
    public string Text(int id) => textCache[id] ??= Piece(id).Replace('\u2581', ' ');

    /// <inheritdoc/>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        int id = vocabulary.Pieces.Find(Encoding.UTF8.GetBytes(token));
        return id < 0 ? null : id;
    }

    /// <inheritdoc/>
    public bool IsSpecial(int id) => vocabulary.KindOf(id) is TokenKind.Control or TokenKind.AtomicSpecial;

    private void BuildTries()
    {
        int bytes = 0;
        foreach ((int id, TokenKind kind) in vocabulary.WholeTokens)
        {
            ReadOnlySpan<byte> piece = vocabulary.Pieces[id];
            bytes += piece.Length;
            if (bytes > TokenizerLimits.AtomBytes)
            {
                throw TokenizerErrors.Unusable(
                    vocabulary.FileName, $"has more than {TokenizerLimits.AtomBytes} bytes of added and user-defined tokens");
            }

            atomsAndControls.Add(piece, id);
            if (kind != TokenKind.Control) atoms.Add(piece, id);
        }
    }

    private int RequiredId(string piece) =>
        IdOf(piece) ?? throw TokenizerErrors.Unusable(vocabulary.FileName, $"has no piece {piece}");
}
