using VlmSharp.Conformance;
using VlmSharp.Evaluation.Captions;

namespace VlmSharp.Evaluation.Tests.Captions;

public sealed class PtbTokenizerTests
{
    public static TheoryData<string, string, string> Golden()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (string line in File.ReadLines(GoldenFiles.PathOf("metrics", "ptb.tsv")).Skip(1))
        {
            string[] cells = line.Split('\t');
            rows.Add(cells[0].Replace("\\t", "\t", StringComparison.Ordinal), cells[1], cells[2]);
        }

        return rows;
    }

    [Fact]
    public void All_rows_are_there() => Assert.Equal(87, Golden().Count);

    [Theory, MemberData(nameof(Golden))]
    public void Tokens_are_those_of_the_reference(string text, string tokens, string words)
    {
        Assert.Equal(tokens, string.Join(' ', PtbTokenizer.Tokenize(text)));
        Assert.Equal(words, PtbTokenizer.Words(text));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \t ", "")]
    [InlineData("The cat can't, won't and shouldn't've.", "the cat ca n't wo n't and should n't 've")]
    [InlineData("He doesn’t", "he does n't")]
    [InlineData("DON'T STOP", "do n't stop")]
    [InlineData("Cannots and gonnas", "cannots and gonnas")]
    [InlineData("she says no.", "she says no")]
    [InlineData("platform no. 5", "platform no. 5")]
    [InlineData("The man feels ill.", "the man feels ill")]
    [InlineData("Springfield, Ill.", "springfield ill.")]
    [InlineData("the letter b.", "the letter b.")]
    [InlineData("O'Brien's dog", "o'brien 's dog")]
    [InlineData("a Hawai'i sign", "a hawai'i sign")]
    [InlineData("one 1 1/2 cup", "one 1\u00A01/2 cup")]
    [InlineData("US$5 &amp; 3¢", "us$ 5 & 3 cents")]
    [InlineData("a U.S.-based firm", "a u.s.-based firm")]
    [InlineData("mp3 at www.site.org/x.", "mp3 at www.site.org/x")]
    [InlineData("soft\u00ADhyphen and zero\u200Bwidth", "softhyphen and zerowidth")]
    public void Words_beyond_the_reference_rows(string text, string words) => Assert.Equal(words, PtbTokenizer.Words(text));

    /// <summary>
    /// In COCO's scripts these characters would end the line of a caption, and all later captions would be assigned to other pictures.
    /// </summary>
    [Theory]
    [InlineData('\v'), InlineData('\f'), InlineData('\u2028'), InlineData('\u2029'), InlineData('\u0085'), InlineData('\n'),
        InlineData('\r')]
    public void What_ends_a_line_is_a_space(char separator) =>
        Assert.Equal("a cat on a mat", PtbTokenizer.Words($"a cat{separator}on a mat"));

    /// <summary>Plain words of captions do not change when they are tokenized again.</summary>
    [Fact]
    public void Plain_words_stay_as_they_are()
    {
        const string Text = "two dogs play with a red frisbee in the park";
        Assert.Equal(Text, PtbTokenizer.Words(PtbTokenizer.Words(Text)));
    }

    /// <summary>
    /// For any text, no token is empty or has a plain space or ASCII capitals, and the work does not grow with the square of the length.
    /// </summary>
    [Fact]
    public void Any_text_has_tokens_that_are_words()
    {
        const string Alphabet =
            "aAzZ09 .,;:!?'\"`-_/\\()[]{}<>@#$%&*+=~^|’“”½€£…–—éß語\u0301\u00A0\u00AD\u200B\u2028\t\n\0\u0091\ud83d\ude42";
        var random = new Random(7);
        for (int run = 0; run < 2000; run++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            foreach (string token in PtbTokenizer.Tokenize(text))
            {
                Assert.NotEmpty(token);
                Assert.DoesNotContain(' ', token);
                Assert.DoesNotContain(token, char.IsAsciiLetterUpper);
            }
        }
    }

    [Theory]
    [InlineData("a"), InlineData("a,"), InlineData("a."), InlineData("n't"), InlineData("1-"), InlineData("http://"), InlineData("a@"),
        InlineData("<a "), InlineData("-"), InlineData("'")]
    public void A_long_text_without_spaces_is_no_trap(string part)
    {
        string text = string.Concat(Enumerable.Repeat(part, 10_000 / part.Length));
        Assert.True(PtbTokenizer.Tokenize(text).Count > 0);
    }
}
