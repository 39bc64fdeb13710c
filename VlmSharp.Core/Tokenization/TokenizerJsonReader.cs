using System.Text.Json;
using System.Text.Unicode;

namespace VlmSharp.Tokenization;

/// <summary>
/// Reads <c>tokenizer.json</c> of the tokenizers library: <c>added_tokens</c>, <c>model.vocab</c> (piece to id) and
/// <c>model.merges</c> (pairs, best first). Two passes over the bytes, because merges name pieces that may stand after them.
/// </summary>
internal static class TokenizerJsonReader
{
    private sealed class Found
    {
        public readonly PieceTable Pieces = new();
        public readonly MergeTable Merges = new();
        public readonly List<(int Id, byte[] Text, bool Special)> Added = [];
        public bool HasVocabulary, HasMerges, ByteFallback;
        public string? Type;
        public int Rank;
    }

    /// <summary>Reads the vocabulary and its merges.</summary>
    /// <exception cref="TokenizerFormatException">The bytes are damaged, or say what this tokenizer does not do.</exception>
    public static Vocabulary Read(ReadOnlySpan<byte> json, string fileName)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        if (!Utf8.IsValid(json)) throw TokenizerErrors.Damaged(fileName, "it is not UTF-8");
        var found = new Found();
        try
        {
            ReadFile(json, found, fileName, merges: false);
            CheckModel(found, fileName);
            AddTokens(found, fileName);
            ReadFile(json, found, fileName, merges: true);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw TokenizerErrors.Damaged(fileName, "it is not the JSON of a tokenizer", e);
        }

        if (!found.HasMerges) throw TokenizerErrors.Unusable(fileName, "has no merges");
        return new Vocabulary(fileName, found.Pieces, found.Merges, found.Added.Select(a => a.Id), found.Added.Where(a => a.Special).Select(a => a.Id));
    }

    private static void ReadFile(ReadOnlySpan<byte> json, Found found, string fileName, bool merges)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 32 });
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8)) ReadModel(ref reader, found, fileName, merges);
            else if (!merges && reader.ValueTextEquals("added_tokens"u8)) ReadAdded(ref reader, found, fileName);
            else Skip(ref reader);
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read()) throw new JsonException();
    }

    private static void ReadModel(ref Utf8JsonReader reader, Found found, string fileName, bool merges)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (merges && reader.ValueTextEquals("merges"u8)) ReadMerges(ref reader, found, fileName);
            else if (!merges && reader.ValueTextEquals("vocab"u8)) ReadVocabulary(ref reader, found, fileName);
            else if (!merges && reader.ValueTextEquals("byte_fallback"u8)) found.ByteFallback = reader.Read() && reader.GetBoolean();
            else if (!merges && reader.ValueTextEquals("type"u8)) found.Type = reader.Read() ? reader.GetString() : null;
            else Skip(ref reader);
        }
    }

    private static void ReadVocabulary(ref Utf8JsonReader reader, Found found, string fileName)
    {
        found.HasVocabulary = true;
        Expect(ref reader, JsonTokenType.StartObject);
        byte[] piece = new byte[TokenizerLimits.PieceBytes];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int length = Copy(ref reader, piece, fileName);
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id)) throw new JsonException();
            if (found.Pieces.Add(id, piece.AsSpan(0, length)) is { } wrong) throw TokenizerErrors.Unusable(fileName, wrong);
        }
    }

    private static void ReadAdded(ref Utf8JsonReader reader, Found found, string fileName)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        byte[] content = new byte[TokenizerLimits.PieceBytes];
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            int? id = null, length = null;
            bool special = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("id"u8)) id = reader.Read() ? reader.GetInt32() : null;
                else if (reader.ValueTextEquals("special"u8)) special = reader.Read() && reader.GetBoolean();
                else if (reader.ValueTextEquals("content"u8)) length = reader.Read() ? Copy(ref reader, content, fileName) : null;
                else Skip(ref reader);
            }

            if (id is null || length is null) throw new JsonException();
            if (found.Added.Count >= TokenizerLimits.Pieces) throw TokenizerErrors.Unusable(fileName, "has too many added tokens");
            found.Added.Add((id.Value, content[..length.Value], special));
        }
    }

    private static void CheckModel(Found found, string fileName)
    {
        if (!found.HasVocabulary) throw TokenizerErrors.Unusable(fileName, "has no vocabulary");
        if (found.Type is not (null or "BPE")) throw TokenizerErrors.Unusable(fileName, "is not a byte-pair-encoding model");
        if (!found.ByteFallback) throw TokenizerErrors.Unusable(fileName, "has no byte fallback");
    }

    /// <summary>Added tokens are in the vocabulary under their id already, or extend it.</summary>
    private static void AddTokens(Found found, string fileName)
    {
        foreach ((int id, byte[] text, _) in found.Added)
        {
            int known = found.Pieces.Find(text);
            if (known == id) continue;
            if (known >= 0) throw TokenizerErrors.Unusable(fileName, $"adds the piece of id {known} again as id {id}");
            if (found.Pieces.Add(id, text) is { } wrong) throw TokenizerErrors.Unusable(fileName, wrong);
        }
    }

    private static void ReadMerges(ref Utf8JsonReader reader, Found found, string fileName)
    {
        found.HasMerges = true;
        Expect(ref reader, JsonTokenType.StartArray);
        byte[] pair = new byte[2 * TokenizerLimits.PieceBytes + 1];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int left, right;
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                // ["left", "right"]
                if (!reader.Read()) throw new JsonException();
                left = Copy(ref reader, pair, fileName);
                if (!reader.Read()) throw new JsonException();
                right = Copy(ref reader, pair.AsSpan(left), fileName);
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray) throw new JsonException();
                AddMerge(found, pair.AsSpan(0, left), pair.AsSpan(left, right), fileName);
                continue;
            }

            int length = Copy(ref reader, pair, fileName); // "left right": no piece has a space
            int space = pair.AsSpan(0, length).IndexOf((byte)' ');
            if (space < 0) throw new JsonException();
            AddMerge(found, pair.AsSpan(0, space), pair.AsSpan(space + 1, length - space - 1), fileName);
        }
    }

    private static void AddMerge(Found found, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, string fileName)
    {
        if (left.Length + right.Length > TokenizerLimits.PieceBytes) throw TokenizerErrors.Unusable(fileName, "has a merge of too long a piece");
        Span<byte> joined = stackalloc byte[TokenizerLimits.PieceBytes];
        left.CopyTo(joined);
        right.CopyTo(joined[left.Length..]);
        int merged = found.Pieces.Find(joined[..(left.Length + right.Length)]);
        int leftId = found.Pieces.Find(left), rightId = found.Pieces.Find(right);
        if (merged < 0 || leftId < 0 || rightId < 0) throw TokenizerErrors.Unusable(fileName, $"has a merge, number {found.Rank + 1}, of pieces that are not in its vocabulary");
        if (found.Rank >= TokenizerLimits.Merges) throw TokenizerErrors.Unusable(fileName, $"has more than {TokenizerLimits.Merges} merges");
        found.Merges.Add(leftId, rightId, found.Rank++, merged);
    }

    private static int Copy(ref Utf8JsonReader reader, Span<byte> target, string fileName)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) throw new JsonException();
        if (!reader.ValueIsEscaped)
        {
            if (reader.ValueSpan.Length > target.Length) throw TooLong(fileName);
            reader.ValueSpan.CopyTo(target);
            return reader.ValueSpan.Length;
        }

        // Unescaping shortens, but the reader wants room for the escaped form.
        byte[] room = new byte[reader.ValueSpan.Length];
        int length = reader.CopyString(room);
        if (length > target.Length) throw TooLong(fileName);
        room.AsSpan(0, length).CopyTo(target);
        return length;
    }

    private static TokenizerFormatException TooLong(string fileName) =>
        TokenizerErrors.Unusable(fileName, $"has a piece of more than {TokenizerLimits.PieceBytes} bytes");

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type) throw new JsonException();
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || !reader.TrySkip()) throw new JsonException();
    }
}
