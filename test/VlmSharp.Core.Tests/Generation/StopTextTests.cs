using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Core.Tests.Tokenization;
using VlmSharp.Generation;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Generation;

/// <summary>Stop strings in a text that arrives token by token.</summary>
public sealed class StopTextTests
{
    private const int FirstByte = 120; // of this vocabulary
    private static readonly ITokenizer Tokenizer = TokenizerGoldens.Tokenizer("json");

    [Fact]
    public void A_stop_string_over_several_tokens_is_never_shown()
    {
        var text = new StopText(Tokenizer, ["END"]);
        string shown = "";
        foreach (char c in "one E two EN three ENDfour") shown += text.Append(Tokenizer.IdOf(c == ' ' ? "\u2581" : $"{c}")!.Value);
        Assert.True(text.IsStopped);
        Assert.Equal("one E two EN three ", shown + text.Flush());
    }

    [Fact]
    public void The_beginning_of_a_stop_string_is_text_if_the_answer_ends_there()
    {
        var text = new StopText(Tokenizer, ["END"]);
        Assert.Equal("a", text.Append(Tokenizer.IdOf("a")!.Value));
        Assert.Equal("", text.Append(Tokenizer.IdOf("E")!.Value));
        Assert.Equal("", text.Append(Tokenizer.IdOf("N")!.Value));
        Assert.Equal("EN", text.Flush());
        Assert.False(text.IsStopped);
    }

    [Fact]
    public void A_character_made_of_byte_tokens_stops_at_its_last_byte()
    {
        var text = new StopText(Tokenizer, ["\U0001F608"]);
        byte[] bytes = [.. "\U0001F608"u8];
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.Equal("", text.Append(FirstByte + bytes[i]));
            Assert.Equal(i == bytes.Length - 1, text.IsStopped);
        }
    }

    /// <summary>
    /// Random tokens over few characters, so that stop strings begin, fail and overlap everywhere. The oracle decodes each whole prefix.
    /// </summary>
    [Fact]
    public void Streams_are_cut_where_the_whole_text_is()
    {
        int[] alphabet = [Id("a"), Id("b"), Id("\u2581"), FirstByte + 'a', FirstByte + 0xC3, FirstByte + 0xA9, Tokenizer.EosId];
        string[] parts = ["a", "b", " ", "\u00e9", "ab", "ba"];
        var random = new Random(3);
        int stopped = 0;
        for (int round = 0; round < 3000; round++)
        {
            string[] stops =
            [
                .. Enumerable.Range(0, random.Next(1, 3))
                    .Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => parts[random.Next(parts.Length)])))
            ];
            int[] ids = [.. Enumerable.Range(0, 30).Select(_ => alphabet[random.Next(alphabet.Length)])];
            int end = Enumerable.Range(1, ids.Length)
                .FirstOrDefault(n => stops.Any(s => Whole(n).Contains(s, StringComparison.Ordinal)), ids.Length + 1);
            string expected = end > ids.Length ? Whole(ids.Length) : Cut(Whole(end), stops);

            var text = new StopText(Tokenizer, stops);
            var shown = new StringBuilder();
            int taken = 0;
            while (taken < ids.Length && !text.IsStopped)
            {
                shown.Append(text.Append(ids[taken++]));
                Assert.StartsWith(shown.ToString(), expected, StringComparison.Ordinal); // no part of the cut text is ever shown
            }

            Assert.Equal(end <= ids.Length, text.IsStopped);
            Assert.Equal(Math.Min(end, ids.Length), taken);
            Assert.Equal(expected, shown.Append(text.Flush()).ToString());
            if (text.IsStopped) stopped++;

            string Whole(int count) => Tokenizer.Decode(ids.AsSpan(0, count), skipSpecial: true);
        }

        Assert.InRange(stopped, 500, 2900);

        static string Cut(string text, string[] stops) =>
            text[..stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).Min()];

        static int Id(string piece) => Tokenizer.IdOf(piece)!.Value;
    }
}
