using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>Runs the golden cases with every file that holds the golden vocabulary.</summary>
public class GemmaTokenizerTests
{
    private static readonly string[] Controls = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"];

    [Theory]
    [InlineData("json")]
    [InlineData("model")]
    [InlineData("pg1")]
    [InlineData("pg1-f32-sharded")]
    [InlineData("pg1-f16")]
    public void EncodesAllCasesAsTheReference(string source)
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer(source);
        Assert.Equal(2000, TokenizerGoldens.Encode.Count);
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
            AssertIds(golden.Ids, tokenizer, golden.Text, ControlTokens.AsTokens);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("model")]
    public void KeepsControlTokensOfAUserAsText(string source)
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer(source);
        int withControls = 0;
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
        {
            bool hasControls = Controls.Any(golden.Text.Contains);
            if (!hasControls) AssertIds(golden.Ids, tokenizer, golden.Text, ControlTokens.AsText);
            else if (!golden.Text.Contains('\u2581')) AssertIds(golden.SentencePieceIds!, tokenizer, golden.Text, ControlTokens.AsText);
            if (hasControls) withControls++;
            Assert.DoesNotContain(
                tokenizer.Encode(golden.Text, ControlTokens.AsText), id => id is >= 0 and <= 3 || id == tokenizer.ImageId);
        }
        Assert.InRange(withControls, 100, 300);
    }

    [Fact]
    public void BothFilesGiveTheSameIdsInTheDefaultMode()
    {
        ITokenizer json = TokenizerGoldens.Tokenizer("json");
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
        {
            AssertIds(
                json.Encode(golden.Text, ControlTokens.AsText), TokenizerGoldens.Tokenizer("model"), golden.Text, ControlTokens.AsText);
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("model")]
    public void DecodesAllCasesAsTheReference(string source)
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer(source);
        Assert.Equal(300, TokenizerGoldens.Decode.Count);
        foreach (TokenizerGoldens.DecodeCase golden in TokenizerGoldens.Decode)
        {
            Assert.Equal(golden.Text, tokenizer.Decode(golden.Ids, skipSpecial: false));
            Assert.Equal(golden.TextSkipSpecial, tokenizer.Decode(golden.Ids, skipSpecial: true));
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("model")]
    public void GivesThePaliGemmaIds(string source)
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer(source);
        Assert.Equal((0, 1, 2, 3, 5152), (tokenizer.PadId, tokenizer.EosId, tokenizer.BosId, tokenizer.UnknownId, tokenizer.ImageId));
        Assert.Equal(5153, tokenizer.VocabularySize);
        Assert.Equal(4000, tokenizer.IdOf("<loc0000>"));
        Assert.Equal(5023, tokenizer.IdOf("<loc1023>"));
        Assert.Equal(5024, tokenizer.IdOf("<seg000>"));
        Assert.Equal(5151, tokenizer.IdOf("<seg127>"));
        Assert.Null(tokenizer.IdOf("<loc1024>"));
        Assert.Equal("\t", tokenizer.Piece(129));
        Assert.Equal("<0x0A>", tokenizer.Piece(130));
        Assert.False(tokenizer.IsSpecial(4000));
        Assert.True(tokenizer.IsSpecial(15));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Piece(5153));
    }

    [Fact]
    public void DerivesFromScoresTheMergesThatTokenizerJsonLists()
    {
        var json = (GemmaTokenizer)TokenizerGoldens.Tokenizer("json");
        var model = (GemmaTokenizer)TokenizerGoldens.Tokenizer("model");
        Assert.Equal(json.Merges.Count, model.Merges.Count);
        int found = 0;
        for (int left = 0; left < 4000; left++)
        {
            for (int right = 0; right < 4000; right++)
            {
                if (!json.Merges.TryGet(left, right, out int rank, out int merged)) continue;
                Assert.True(model.Merges.TryGet(left, right, out int derivedRank, out int derived));
                Assert.Equal((rank, merged), (derivedRank, derived));
                found++;
            }
        }
        Assert.Equal(json.Merges.Count, found);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("model")]
    public void LoneSurrogatesCountAsReplacementCharacters(string source)
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer(source);
        Assert.Equal(tokenizer.Encode("a\uFFFDb", ControlTokens.AsText), tokenizer.Encode("a\uD83Db", ControlTokens.AsText));
        Assert.Equal(tokenizer.Encode("\uFFFD\uFFFD", ControlTokens.AsText), tokenizer.Encode("\uDE08\uD83D", ControlTokens.AsText));
    }

    [Fact]
    public void IdsOutsideTheVocabularySpellNothing()
    {
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer("json");
        int[] letter = tokenizer.Encode("a", ControlTokens.AsText);
        Assert.Equal("a", tokenizer.Decode([-1, .. letter, 5153, int.MaxValue, int.MinValue], skipSpecial: false));
    }

    [Fact]
    public void DemoVocabularyIsTheSameFromBothFiles()
    {
        string folder = GoldenFiles.PathOf("..", "..", "demo", "model");
        var json = GemmaTokenizer.FromJson(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")), "json");
        var model = GemmaTokenizer.FromSentencePiece(File.ReadAllBytes(Path.Combine(folder, "tokenizer.model")), "model");
        Assert.Equal(2152, json.ImageId);
        Assert.Equal(json.VocabularySize, model.VocabularySize);
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
            AssertIds(json.Encode(golden.Text, ControlTokens.AsTokens), model, golden.Text, ControlTokens.AsTokens);
    }

    private static void AssertIds(int[] expected, ITokenizer tokenizer, string text, ControlTokens mode)
    {
        int[] actual = tokenizer.Encode(text, mode);
        Assert.True(
            expected.AsSpan().SequenceEqual(actual), $"\"{text}\": expected {string.Join(' ', expected)}, got {string.Join(' ', actual)}");
    }
}
