using System.Text.Json;
using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Reads <c>tokenizer.json</c>, the same vocabulary in the format of the tokenizers library: ids by piece, merges in order of rank
/// (Sennrich et al. 2016, "Neural machine translation of rare words with subword units"), added tokens. It takes one pass over the bytes,
/// and pieces go into the table without becoming strings. It accepts what Gemma uses and refuses other models, normalizers and token
/// options, because they would give wrong ids.
/// </summary>
internal ref struct TokenizerJsonFile
{
    private readonly Vocabulary vocabulary;
    private readonly byte[] scratch = new byte[2 * TokenizerLimits.PieceBytes + 2];
    private Utf8JsonReader reader;
    private Utf8JsonReader postponedMerges;
    private bool hasPostponedMerges;
    private bool hasPieces;
    private bool hasAddedTokens;
    private int mergeCount;
    private readonly List<(byte[] Piece, int Id, bool Special)> addedTokens = [];

    private TokenizerJsonFile(ReadOnlySpan<byte> json, string fileName)
    {
        vocabulary = new Vocabulary(fileName);
        reader = new Utf8JsonReader(json);
    }

    /// <summary>Reads the file.</summary>
    /// <param name="json">Its bytes.</param>
    /// <param name="fileName">For messages.</param>
    /// <returns>The vocabulary, without PaliGemma's additions.</returns>
    public static Vocabulary Read(ReadOnlySpan<byte> json, string fileName)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        if (!Utf8.IsValid(json)) throw TokenizerErrors.Damaged(fileName, "it is not UTF-8");
        try
        {
            var file = new TokenizerJsonFile(json, fileName);
            file.ReadRoot();
            return file.vocabulary;
        }
        catch (JsonException error)
        {
            throw TokenizerErrors.Damaged(fileName, $"it is no JSON at line {error.LineNumber + 1}", error);
        }
        catch (InvalidOperationException error)
        {
            // The reader throws this for an escape sequence that is half a surrogate pair.
            throw TokenizerErrors.Damaged(fileName, "a string in it is no Unicode text", error);
        }
    }

    private void ReadRoot()
    {
        reader.Read();
        Expect(JsonTokenType.StartObject, "the file");
        while (NextProperty())
        {
            if (reader.ValueTextEquals("model"u8)) ReadModel();
            else if (reader.ValueTextEquals("added_tokens"u8)) ReadAddedTokens();
            else if (reader.ValueTextEquals("normalizer"u8)) ReadNormalizer();
            else reader.Skip();
        }
        if (reader.Read()) throw Fault("something follows the end");
        if (!hasPieces) throw Fault("it has no model.vocab");
        AddTokens();
        if (!hasPostponedMerges) return;
        reader = postponedMerges;
        ReadMerges();
    }

    private void ReadModel()
    {
        reader.Read();
        Expect(JsonTokenType.StartObject, "model");
        while (NextProperty())
        {
            if (reader.ValueTextEquals("vocab"u8)) ReadPieces();
            else if (reader.ValueTextEquals("merges"u8)) ReadOrPostponeMerges();
            else if (reader.ValueTextEquals("type"u8)) Require(NextIs("BPE"u8), "is not a byte-pair encoding model");
            else if (reader.ValueTextEquals("byte_fallback"u8)) Require(NextTokenIs(JsonTokenType.True), "has no byte fallback");
            else if (reader.ValueTextEquals("ignore_merges"u8))
                Require(NextTokenIs(JsonTokenType.False), "ignores merges, which Gemma does not");
            else if (reader.ValueTextEquals("continuing_subword_prefix"u8))
                Require(NextIsEmpty(), "marks continued words, which Gemma does not");
            else if (reader.ValueTextEquals("end_of_word_suffix"u8)) Require(NextIsEmpty(), "marks ends of words, which Gemma does not");
            else reader.Skip();
        }
    }

    private void ReadPieces()
    {
        if (hasPieces) throw Fault("it has two model.vocab");
        hasPieces = true;
        reader.Read();
        Expect(JsonTokenType.StartObject, "model.vocab");
        while (NextProperty())
        {
            ReadOnlySpan<byte> piece = Text(scratch);
            vocabulary.AddPiece(NextId(), piece);
        }
    }

    // Merges need the ids of their pieces, and must not produce a control token. Pieces and added tokens come first in every known file. In
    // another order, the merges are read last, from the position kept here.
    private void ReadOrPostponeMerges()
    {
        if (hasPostponedMerges || mergeCount > 0) throw Fault("it has two model.merges");
        if (hasPieces && hasAddedTokens)
        {
            AddTokens();
            ReadMerges();
            return;
        }
        postponedMerges = reader;
        hasPostponedMerges = true;
        reader.Skip();
    }

    private void ReadMerges()
    {
        vocabulary.Merges = new MergeTable(vocabulary.Pieces.Count * 2);
        reader.Read();
        Expect(JsonTokenType.StartArray, "model.merges");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (mergeCount >= TokenizerLimits.Merges) throw Unusable($"has more than {TokenizerLimits.Merges} merges");
            ReadMerge(mergeCount++);
        }
    }

    // A merge is ["left", "right"], or "left right" in older files; no piece contains a space.
    private void ReadMerge(int rank)
    {
        Span<byte> joined = scratch;
        int leftLength;
        int length;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            leftLength = CopyText(joined, rank);
            reader.Read();
            length = leftLength + CopyText(joined[leftLength..], rank);
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray) throw NoPair(rank);
        }
        else
        {
            length = CopyText(joined, rank);
            leftLength = joined[..length].IndexOf((byte)' ');
            if (leftLength < 0) throw NoPair(rank);
            joined[(leftLength + 1)..length].CopyTo(joined[leftLength..]);
            length--;
        }
        int left = vocabulary.Pieces.Find(joined[..leftLength]);
        int right = vocabulary.Pieces.Find(joined[leftLength..length]);
        int merged = vocabulary.Pieces.Find(joined[..length]);
        if (left < 0 || right < 0 || merged < 0) throw Fault($"merge {rank} has a piece that the vocabulary lacks");
        if (vocabulary.IsMergeable(merged)) vocabulary.Merges.Add(left, right, rank, merged);
    }

    private int CopyText(Span<byte> destination, int rank)
    {
        // The reader counts escape sequences as they are written, at most six bytes each.
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > 6 * destination.Length) throw NoPair(rank);
        if (!reader.ValueIsEscaped)
        {
            if (reader.ValueSpan.Length > destination.Length) throw NoPair(rank);
            reader.ValueSpan.CopyTo(destination);
            return reader.ValueSpan.Length;
        }
        byte[] text = new byte[reader.ValueSpan.Length];
        int length = reader.CopyString(text);
        if (length > destination.Length) throw NoPair(rank);
        text.AsSpan(0, length).CopyTo(destination);
        return length;
    }

    private void ReadAddedTokens()
    {
        if (hasAddedTokens) throw Fault("it has two added_tokens");
        hasAddedTokens = true;
        reader.Read();
        Expect(JsonTokenType.StartArray, "added_tokens");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(JsonTokenType.StartObject, "an added token");
            ReadAddedToken();
            if (addedTokens.Count > TokenizerLimits.Pieces) throw Unusable($"has more than {TokenizerLimits.Pieces} added tokens");
        }
    }

    private void ReadAddedToken()
    {
        byte[]? piece = null;
        int id = -1;
        bool special = false;
        while (NextProperty())
        {
            if (reader.ValueTextEquals("id"u8)) id = NextId();
            else if (reader.ValueTextEquals("content"u8)) piece = NextContent();
            else if (reader.ValueTextEquals("special"u8)) special = NextTokenIs(JsonTokenType.True);
            else if (IsMatchingOption())
                Require(!NextTokenIs(JsonTokenType.True), "has an added token with lstrip, rstrip or single_word, which Gemma has not");
            else reader.Skip();
        }
        if (piece is null || id < 0) throw Fault("an added token lacks its id or content");
        addedTokens.Add((piece, id, special));
    }

    private readonly void AddTokens()
    {
        foreach ((byte[] piece, int id, bool special) in addedTokens) vocabulary.AddWholeToken(id, piece, special);
        addedTokens.Clear();
    }

    // {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    private void ReadNormalizer()
    {
        reader.Read();
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        bool isGemmas = root.ValueKind == JsonValueKind.Object
            && IsText(root, "type", "Replace") && IsText(root, "content", "\u2581")
            && root.TryGetProperty("pattern", out JsonElement pattern) && pattern.ValueKind == JsonValueKind.Object
            && IsText(pattern, "String", " ");
        Require(isGemmas, "normalizes text otherwise than Gemma does");
    }

    private static bool IsText(JsonElement parent, string name, string expected) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.ValueEquals(expected);

    private bool NextProperty()
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    private bool NextTokenIs(JsonTokenType type)
    {
        reader.Read();
        bool isType = reader.TokenType == type;
        reader.Skip();
        return isType;
    }

    private bool NextIs(ReadOnlySpan<byte> text)
    {
        reader.Read();
        bool isText = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(text);
        reader.Skip();
        return isText;
    }

    private bool NextIsEmpty()
    {
        reader.Read();
        bool isEmpty = reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.IsEmpty);
        reader.Skip();
        return isEmpty;
    }

    private readonly ReadOnlySpan<byte> Text(byte[] buffer)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        if (reader.ValueSpan.Length > 6 * TokenizerLimits.PieceBytes)
            throw Unusable($"has a piece longer than {TokenizerLimits.PieceBytes} bytes");
        if (reader.ValueSpan.Length > buffer.Length) buffer = new byte[reader.ValueSpan.Length];
        return buffer.AsSpan(0, reader.CopyString(buffer));
    }

    private byte[] NextContent()
    {
        reader.Read();
        Expect(JsonTokenType.String, "the content of an added token");
        return Text(scratch).ToArray();
    }

    private readonly bool IsMatchingOption() =>
        reader.ValueTextEquals("lstrip"u8) || reader.ValueTextEquals("rstrip"u8) || reader.ValueTextEquals("single_word"u8);

    private int NextId()
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
            throw Fault("a token's id is no whole number");
        return id;
    }

    private readonly void Expect(JsonTokenType type, string what)
    {
        if (reader.TokenType != type) throw Fault($"{what} is not a {type}");
    }

    private readonly void Require(bool condition, string otherwise)
    {
        if (!condition) throw Unusable(otherwise);
    }

    private readonly TokenizerFormatException NoPair(int rank) => Fault($"merge {rank} is no pair of pieces");

    private readonly TokenizerFormatException Fault(string what) => TokenizerErrors.Damaged(vocabulary.FileName, what);

    private readonly TokenizerFormatException Unusable(string what) => TokenizerErrors.Unusable(vocabulary.FileName, what);
}
