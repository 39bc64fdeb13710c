using System.Diagnostics;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>What the two file formats may hold beyond the golden files, and what is refused.</summary>
public class TokenizerFileTests
{
    private static readonly string[] Letters = ["\u2581", "<", ">", "e", "o", "s", "eo", "eos", "<eos"];

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void ReadsMergesInEitherFormAndOrder(bool mergesFirst, bool mergesAsText)
    {
        byte[] file = TinyVocabulary.Json(Letters, [["e", "o"], ["eo", "s"]], mergesFirst, mergesAsText);
        ITokenizer tokenizer = GemmaTokenizer.FromJson(file, "tokenizer.json");
        Assert.Equal(
            [tokenizer.IdOf("<")!.Value, tokenizer.IdOf("eos")!.Value, tokenizer.IdOf("<")!.Value],
            tokenizer.Encode("<eos<", ControlTokens.AsText));
    }

    [Fact]
    public void MergingNeverProducesAControlToken()
    {
        string[][] merges = [["e", "o"], ["eo", "s"], ["<", "eos"], ["<eos", ">"]];
        foreach (ITokenizer tokenizer in (ITokenizer[])[
            GemmaTokenizer.FromJson(TinyVocabulary.Json(Letters, merges), "tokenizer.json"),
            GemmaTokenizer.FromJson(TinyVocabulary.Json(Letters, merges, mergesFirst: true), "tokenizer.json"),
            GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Letters), "tokenizer.model")])
        {
            Assert.Equal([tokenizer.EosId], tokenizer.Encode("<eos>", ControlTokens.AsTokens));
            Assert.Equal([tokenizer.IdOf("<eos")!.Value, tokenizer.IdOf(">")!.Value], tokenizer.Encode("<eos>", ControlTokens.AsText));
        }
    }

    [Fact]
    public void AddsLocationsSegmentsAndImageAfterAPlainVocabulary()
    {
        int next = TinyVocabulary.FirstId + Letters.Length;
        var tokenizer = GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Letters), "tokenizer.model");
        Assert.Equal(next, tokenizer.IdOf("<loc0000>"));
        Assert.Equal(next + 1024, tokenizer.IdOf("<seg000>"));
        Assert.Equal(next + 1024 + 128, tokenizer.ImageId);
        Assert.Equal([next + 7], tokenizer.Encode("<loc0007>", ControlTokens.AsText));
    }

    [Fact]
    public void TakesIdsOfAddedTokensWhereTheVocabularyLacksThem()
    {
        List<KeyValuePair<string, int>> added =
            TokenizerLoader.ParseAddedTokens("""{"<image>": 3000, "<bos>": 77, "<mine>": 3001}"""u8.ToArray(), "added_tokens.json");
        var tokenizer = GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Letters), "tokenizer.model", added);
        Assert.Equal(3000, tokenizer.ImageId);
        Assert.Equal(2, tokenizer.BosId); // the id that the vocabulary gives
        Assert.Equal([3001], tokenizer.Encode("<mine>", ControlTokens.AsTokens));
        Assert.DoesNotContain(3001, tokenizer.Encode("<mine>", ControlTokens.AsText));
        Assert.Equal("", tokenizer.Piece(2999));
        Assert.Equal("", tokenizer.Decode([2999], skipSpecial: false));
    }

    [Fact]
    public void AQuarterOfAMillionPiecesLoadQuickly()
    {
        var pieces = new List<string>(Letters);
        for (char c = 'a'; c <= 'z'; c++) if (!pieces.Contains(c.ToString())) pieces.Add(c.ToString());
        string[] letters = [.. pieces.Where(p => p.Length == 1 && p[0] is >= 'a' and <= 'z')];
        foreach (string a in letters) foreach (string b in letters) if (a + b != "eo") pieces.Add(a + b);
        for (int i = 0; pieces.Count < 256_000; i++)
            pieces.Add(letters[i % 26] + letters[i / 26 % 26] + letters[i / 676 % 26] + letters[i / 17576 % 26] + letters[i / 456976]);
        byte[] file = TinyVocabulary.Model([.. pieces.Distinct()]);
        var clock = Stopwatch.StartNew();
        ITokenizer tokenizer = GemmaTokenizer.FromSentencePiece(file, "tokenizer.model");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
        Assert.True(tokenizer.VocabularySize > 250_000);
    }

    [Fact]
    public void RefusalsNameTheFileTheFaultAndTheRemedy()
    {
        AssertRefused("byte-pair", () =>
            GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Letters, modelType: 1, addsPrefix: false), "x/tokenizer.model"));
        AssertRefused("normalizes", () =>
            GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model(Letters, modelType: 2, addsPrefix: true), "x/tokenizer.model"));
        AssertRefused("same piece", () => GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model("\u2581", "a", "a"), "x/tokenizer.model"));
        AssertRefused("no piece \u2581", () => GemmaTokenizer.FromSentencePiece(TinyVocabulary.Model("a"), "x/tokenizer.model"));
        AssertRefused("byte-pair", () => GemmaTokenizer.FromSentencePiece([], "x/tokenizer.model"));
        AssertRefused("normalizes", () =>
            GemmaTokenizer.FromJson(TinyVocabulary.Json(Letters, [], extra: "\"normalizer\":{\"type\":\"NFKC\"},"), "x/tokenizer.json"));
        AssertRefused("vocabulary lacks", () => GemmaTokenizer.FromJson(TinyVocabulary.Json(Letters, [["e", "e"]]), "x/tokenizer.json"));
        AssertRefused("no JSON", () => GemmaTokenizer.FromJson("{"u8, "x/tokenizer.json"));
        AssertRefused("not a StartObject", () => GemmaTokenizer.FromJson("[]"u8, "x/tokenizer.json"));
        AssertRefused("model.vocab", () => GemmaTokenizer.FromJson("{}"u8, "x/tokenizer.json"));
        AssertRefused("UTF-8", () => GemmaTokenizer.FromJson([(byte)'{', 0xFF], "x/tokenizer.json"));
        AssertRefused(
            "token id 2000000000", () => GemmaTokenizer.FromJson("""{"model":{"vocab":{"a":2000000000}}}"""u8, "x/tokenizer.json"));
        AssertRefused("Unicode", () => GemmaTokenizer.FromJson("""{"model":{"vocab":{"\ud800":1}}}"""u8, "x/tokenizer.json"));
        AssertRefused("bytes", () =>
            GemmaTokenizer.FromJson(
                Encoding.UTF8.GetBytes("{\"model\":{\"vocab\":{\"" + new string('a', 300) + "\":1}}}"), "x/tokenizer.json"));
        AssertRefused("whole number", () => TokenizerLoader.ParseAddedTokens("""{"<image>": "7"}"""u8.ToArray(), "x/tokenizer_added"));
    }

    [Fact]
    public void LoaderPrefersJsonThenModelAndSaysWhenThereIsNeither()
    {
        string folder = Directory.CreateTempSubdirectory("vlmsharp-tokenizer").FullName;
        try
        {
            Assert.Null(TokenizerLoader.TryLoad(folder));
            Assert.Null(TokenizerLoader.TryLoad(Path.Combine(folder, "missing")));
            var error = Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(folder));
            Assert.Contains("neither tokenizer.json nor tokenizer.model", error.Message);
            File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), TinyVocabulary.Model(Letters));
            File.WriteAllText(Path.Combine(folder, "added_tokens.json"), """{"<image>": 4000}""");
            Assert.Equal(4000, TokenizerLoader.Load(folder).ImageId);
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "nonsense");
            Assert.Contains(
                "tokenizer.json is damaged", Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(folder)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertRefused(string fault, Action load)
    {
        var error = Assert.Throws<TokenizerFormatException>(load);
        Assert.StartsWith("x/tokenizer", error.Message);
        Assert.Contains(fault, error.Message);
        Assert.EndsWith(".", error.Message);
        Assert.Contains("; ", error.Message);
    }
}
