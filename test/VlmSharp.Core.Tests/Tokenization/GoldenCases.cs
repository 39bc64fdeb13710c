using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>The reference's ids and texts in test/golden/tokenizer, and the tokenizers to compare with them.</summary>
internal static class GoldenCases
{
    public static readonly IReadOnlyList<EncodeCase> Encode = ReadEncode();

    public static readonly IReadOnlyList<DecodeCase> Decode = ReadDecode();

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

    public static byte[] Bytes(string fileName) => File.ReadAllBytes(GoldenFiles.PathOf("tokenizer", fileName));

    private static byte[] ModelFile(string fileName) => File.ReadAllBytes(GoldenFiles.PathOf("models", "pg1", fileName));

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

    public sealed record EncodeCase(string Text, int[] Ids, int[]? SentencePieceIds);

    public sealed record DecodeCase(int[] Ids, string Text, string TextSkipSpecial);
}
