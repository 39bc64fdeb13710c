using System.Text.Json;
using VlmSharp.Tokenization;

namespace VlmSharp.Conformance;

/// <summary>test/golden/tokenizer: the reference's ids and texts, and the tokenizers to hold against them.</summary>
public static class TokenizerGoldens
{
    /// <summary>Texts and the ids that the reference gives them, control tokens counting as such.</summary>
    public static IReadOnlyList<EncodeCase> Encode { get; } = ReadEncode();

    /// <summary>Ids and the texts that the reference gives them.</summary>
    public static IReadOnlyList<DecodeCase> Decode { get; } = ReadDecode();

    private static readonly Dictionary<string, ITokenizer> Loaded = [];

    /// <summary>The golden vocabulary from its "json" or "model" file, or the tokenizer of a folder in test/golden/models.</summary>
    public static ITokenizer Tokenizer(string source)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(source, out ITokenizer? tokenizer)) Loaded[source] = tokenizer = Load(source);
            return tokenizer;
        }
    }

    /// <summary>A file beside the cases.</summary>
    public static byte[] Bytes(string fileName) => File.ReadAllBytes(GoldenFiles.PathOf("tokenizer", fileName));

    /// <summary>A file of the golden vocabulary: tokenizer.json or tokenizer.model.</summary>
    public static byte[] ModelFile(string fileName) => File.ReadAllBytes(GoldenFiles.PathOf("models", "pg1", fileName));

    private static ITokenizer Load(string source) => source switch
    {
        "json" => GemmaTokenizer.FromJson(ModelFile("tokenizer.json"), "tokenizer.json"),
        "model" => GemmaTokenizer.FromSentencePiece(ModelFile("tokenizer.model"), "tokenizer.model"),
        _ => TokenizerLoader.Load(GoldenFiles.PathOf("models", source)),
    };

    private static List<EncodeCase> ReadEncode()
    {
        using JsonDocument file = JsonDocument.Parse(Bytes("cases.json"));
        return [.. file.RootElement.GetProperty("encode").EnumerateArray().Select(e => new EncodeCase(
            e.GetProperty("text").GetString()!,
            Ids(e.GetProperty("ids")),
            e.TryGetProperty("sentencepiece_ids", out JsonElement other) ? Ids(other) : null))];
    }

    private static List<DecodeCase> ReadDecode()
    {
        using JsonDocument file = JsonDocument.Parse(Bytes("cases.json"));
        return [.. file.RootElement.GetProperty("decode").EnumerateArray().Select(e => new DecodeCase(
            Ids(e.GetProperty("ids")), e.GetProperty("text").GetString()!, e.GetProperty("text_skip_special").GetString()!))];
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>A text and its ids; where plain SentencePiece gives others, also those.</summary>
    public sealed record EncodeCase(string Text, int[] Ids, int[]? SentencePieceIds);

    /// <summary>Ids and their text, with and without special tokens.</summary>
    public sealed record DecodeCase(int[] Ids, string Text, string TextSkipSpecial);
}
