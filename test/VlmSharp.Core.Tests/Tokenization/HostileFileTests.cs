using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>A tokenizer file that is cut short anywhere is refused with <see cref="TokenizerFormatException"/>.</summary>
public class HostileFileTests
{
    private static readonly string[] Pieces = ["\u2581", "a", "b", "ab", "\u00e9", "<", ">", "\u2581a", "abab"];

    [Fact]
    public void EveryTruncationOfAModelIsRefused()
    {
        byte[] file = TinyVocabulary.Model(Pieces);
        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.Throws<TokenizerFormatException>(() => GemmaTokenizer.FromSentencePiece(file.AsSpan(0, length), "tokenizer.model"));
        }
    }

    [Fact]
    public void EveryTruncationOfAJsonIsRefused()
    {
        byte[] file = TinyVocabulary.Json(Pieces, [["a", "b"]]);
        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.Throws<TokenizerFormatException>(() => GemmaTokenizer.FromJson(file.AsSpan(0, length), "tokenizer.json"));
        }
    }
}
