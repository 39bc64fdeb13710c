using Microsoft.ML.Tokenizers;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;
using Xunit.Abstractions;

namespace VlmSharp.Extensions.AI.Tests.Tokenizers;

/// <summary>What Microsoft.ML.Tokenizers says to the same vocabulary and texts, beside VlmSharp's tokenizer and the reference.</summary>
public sealed class SecondOpinionTests(ITestOutputHelper output)
{
    [Fact]
    public void Its_byte_pair_encoder_gives_the_same_ids_to_every_text()
    {
        var theirs = new TokenizerPeer();
        var ours = new VlmSharpTokenizer(TokenizerGoldens.Tokenizer("json"), ControlTokens.AsTokens);
        int texts = 0;
        foreach (string text in TokenizerGoldens.Encode.Select(golden => golden.Text).Concat(RandomTexts()))
        {
            Assert.True(theirs.Encode(text).SequenceEqual(ours.EncodeToIds(text)), $"other ids for: {text}");
            texts++;
        }
        output.WriteLine($"{texts} texts, all equal");
    }

    /// <summary>Of equal merges its SentencePiece takes the rightmost, SentencePiece itself and the reference the leftmost.</summary>
    [Fact]
    public void Its_SentencePiece_differs_where_equal_merges_overlap()
    {
        SentencePieceTokenizer theirs = new TokenizerPeer().SentencePiece();
        int equal = 0;
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
            if (theirs.EncodeToIds(golden.Text).SequenceEqual(golden.Ids)) equal++;
        output.WriteLine($"{equal} of {TokenizerGoldens.Encode.Count} as the reference");
        Assert.Equal(1869, equal); // docs/dependencies.md says so
        Assert.Equal([567, 399], TokenizerGoldens.Tokenizer("model").Encode("----------", ControlTokens.AsText)); // eight and two
        Assert.Equal([399, 567], theirs.EncodeToIds("----------"));
    }

    // Runs and mixtures, for which the order of merges matters.
    private static IEnumerable<string> RandomTexts()
    {
        var random = new Random(11);
        string[] parts =
        [
            "a", "an", "the", "th", "e", "ing", "on", "ion", "s", " ", "  ", "\n", "\n\n", "\u2581", "\u00e9", "\u0928", "\U0001F608", "1",
            "<loc0007>", "<b>",
        ];
        for (int round = 0; round < 500; round++)
            yield return string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => parts[random.Next(parts.Length)]));
    }
}
