using System.Text;
using Microsoft.ML.Tokenizers;
using Microsoft.SemanticKernel.Text;
using VlmSharp.Conformance;

namespace VlmSharp.Extensions.AI.Tests.Tokenizers;

/// <summary>Texts cut by what .NET cuts texts with, within the model's own count of tokens.</summary>
public sealed class ChunkingTests
{
    private static readonly Tokenizer Tokenizer = new VlmSharpTokenizer(TokenizerGoldens.Tokenizer("json"));

    private static readonly string Prose = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "architecture.md"));

    [Theory]
    [InlineData(20)]
    [InlineData(128)]
    public void Semantic_Kernel_s_chunks_stay_within_the_limit(int most)
    {
#pragma warning disable SKEXP0050 // TextChunker is marked as experimental.
        List<string> lines = TextChunker.SplitPlainTextLines(Prose, most, text => Tokenizer.CountTokens(text));
        List<string> paragraphs = TextChunker.SplitPlainTextParagraphs(lines, most, tokenCounter: text => Tokenizer.CountTokens(text));
#pragma warning restore SKEXP0050
        Assert.InRange(paragraphs.Count, Tokenizer.CountTokens(Prose) / most, 10_000);
        Assert.All(paragraphs, chunk => Assert.InRange(Tokenizer.CountTokens(chunk), 1, most));
        Assert.Equal(Letters(Prose), Letters(string.Concat(paragraphs)));
    }

    /// <summary>The loop of DocumentTokenChunker of Microsoft.Extensions.DataIngestion: chunks of a size, with an overlap.</summary>
    [Theory]
    [InlineData(64, 0)]
    [InlineData(64, 16)]
    [InlineData(7, 3)]
    public void Chunks_of_a_size_with_an_overlap_join_to_the_text(int most, int overlap)
    {
        string rest = Prose + "\U0001F9FF\u0928\U0001F9D1\u200D\U0001F680";
        string text = rest;
        var chunk = new StringBuilder();
        var joined = new StringBuilder();
        int held = 0, chunks = 0;
        while (rest.Length > 0)
        {
            int index = Tokenizer.GetIndexByTokenCount(rest, most - held, out _, out int taken);
            chunk.Append(rest, 0, index);
            joined.Append(rest, 0, index);
            rest = rest[index..];
            Assert.InRange(Tokenizer.CountTokens(chunk.ToString()), 1, most);
            Assert.True(taken > 0 || held > 0, "no progress");
            string end = chunk.ToString();
            end = end[Tokenizer.GetIndexByTokenCountFromEnd(end, index == 0 ? 0 : overlap, out _, out held)..];
            Assert.InRange(held, 0, overlap);
            chunk.Clear().Append(end);
            chunks++;
        }
        Assert.Equal(text, joined.ToString());
        Assert.True(chunks >= Tokenizer.CountTokens(text) / most);
    }

    private static string Letters(string text) => string.Concat(text.Where(character => !char.IsWhiteSpace(character)));
}
