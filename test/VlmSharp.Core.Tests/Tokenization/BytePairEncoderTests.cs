using System.Diagnostics;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

public class BytePairEncoderTests
{
    // The definition, in O(n^2): merge the best pair of the whole text until no pair merges.
    [Fact]
    public void AgreesWithTheNaiveLoopOnRandomTexts()
    {
        var tokenizer = (GemmaTokenizer)TokenizerGoldens.Tokenizer("model");
        var random = new Random(7);
        string[] parts =
        [
            "a", "an", "the", "th", "e", "i", "on", "ion", "in", "s", " ", "  ", "\u2581", "O", "RD", "\u00e9", "\u0928", "\U0001F608",
            "1", "-"
        ];
        for (int round = 0; round < 400; round++)
        {
            var text = new StringBuilder();
            for (int i = random.Next(60); i > 0; i--) text.Append(parts[random.Next(parts.Length)]);
            // Runs of U+2581 are atomic tokens; spaces are left to merging.
            string fragment = text.ToString().Replace("\u2581\u2581", "\u2581");
            while (fragment.Contains("\u2581\u2581", StringComparison.Ordinal)) fragment = fragment.Replace("\u2581\u2581", "\u2581");
            Assert.Equal(Naive(tokenizer, fragment), tokenizer.Encode(fragment, ControlTokens.AsText));
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("<")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("<loc000")]
    [InlineData("</strong")]
    [InlineData("the ")]
    [InlineData("\u0928")]
    [InlineData("\U0001F608")]
    public void AMegabyteOfOneThingTakesNoQuadraticTime(string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, (1 << 20) / unit.Length));
        ITokenizer tokenizer = TokenizerGoldens.Tokenizer("json");
        var clock = Stopwatch.StartNew();
        int[] ids = tokenizer.Encode(text, ControlTokens.AsText);
        // An algorithm of n^2 would take 10^12 steps, far too many even for a busy machine to confuse the two.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"took {clock.Elapsed}");
        Assert.Equal(text, tokenizer.Decode(ids, skipSpecial: false));
    }

    private static List<int> Naive(GemmaTokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        foreach (Rune character in text.EnumerateRunes())
        {
            string piece = character.Value == ' ' ? "\u2581" : character.ToString();
            if (tokenizer.IdOf(piece) is { } id) ids.Add(id);
            else ids.AddRange(Encoding.UTF8.GetBytes(piece).Select(b => tokenizer.IdOf($"<0x{b:X2}>")!.Value));
        }
        while (true)
        {
            (int Rank, int At, int Merged) best = (int.MaxValue, -1, -1);
            for (int at = 0; at + 1 < ids.Count; at++)
            {
                if (tokenizer.Merges.TryGet(ids[at], ids[at + 1], out int rank, out int merged) && rank < best.Rank)
                    best = (rank, at, merged);
            }
            if (best.At < 0) return ids;
            ids[best.At] = best.Merged;
            ids.RemoveAt(best.At + 1);
        }
    }
}
