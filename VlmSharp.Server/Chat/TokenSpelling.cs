using System.Globalization;
using System.Text;
using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Server.Chat;

/// <summary>A token of an answer with its log-probability and the candidates beside it, as OpenAI writes them.</summary>
/// <param name="Id">The token's number in the vocabulary.</param>
/// <param name="LogProbability">Its own.</param>
/// <param name="Candidates">The likeliest of its step.</param>
internal readonly record struct LoggedToken(int Id, float LogProbability, IReadOnlyList<TokenCandidate> Candidates);

/// <summary>
/// Spells tokens one by one. A token may be a single byte of a character; it is then spelled <c>bytes:\xe2</c>, as OpenAI does.
/// </summary>
internal static class TokenSpelling
{
    private const float Impossible = -9999; // JSON has no infinity; OpenAI writes this

    /// <summary>The bytes that a token adds to a text; none of a special token.</summary>
    public static byte[] Bytes(ITokenizer tokenizer, int id)
    {
        if ((uint)id >= (uint)tokenizer.VocabularySize || tokenizer.IsSpecial(id)) return [];
        return ByteOf(tokenizer.Piece(id)) is { } value ? [value] : Encoding.UTF8.GetBytes(tokenizer.Text(id));
    }

    /// <summary>Writes <c>{"content": [...], "refusal": null}</c>, or null.</summary>
    public static void Write(Utf8JsonWriter json, ITokenizer tokenizer, IReadOnlyList<LoggedToken>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (LoggedToken token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, tokenizer, token.Id, token.LogProbability);
            json.WriteStartArray("top_logprobs");
            foreach (TokenCandidate candidate in token.Candidates)
            {
                json.WriteStartObject();
                WriteToken(json, tokenizer, candidate.Id, candidate.LogProbability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, ITokenizer tokenizer, int id, float logProbability)
    {
        bool isKnown = (uint)id < (uint)tokenizer.VocabularySize;
        byte? single = isKnown ? ByteOf(tokenizer.Piece(id)) : null;
        json.WriteString(
            "token",
            single is { } value ? string.Create(CultureInfo.InvariantCulture, $"bytes:\\x{value:x2}") : isKnown ? tokenizer.Text(id) : "");
        json.WriteNumber("logprob", float.IsFinite(logProbability) ? logProbability : Impossible);
        json.WriteStartArray("bytes");
        foreach (byte b in Bytes(tokenizer, id)) json.WriteNumberValue(b);
        json.WriteEndArray();
    }

    /// <summary>The byte that a piece such as <c>&lt;0x0A&gt;</c> stands for, or null.</summary>
    private static byte? ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
