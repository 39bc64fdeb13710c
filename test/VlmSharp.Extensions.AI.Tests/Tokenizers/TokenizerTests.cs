using System.Buffers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.Tokenizers;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Extensions.AI.Tests.Tokenizers;

/// <summary>The tokenizer that .NET's libraries see: the reference's ids, offsets of the text that was given, limits that hold.</summary>
public sealed class TokenizerTests
{
    private static readonly VlmSharpTokenizer AsTokens = new(TokenizerGoldens.Tokenizer("json"), ControlTokens.AsTokens);
    private static readonly VlmSharpTokenizer AsText = new(TokenizerGoldens.Tokenizer("json"));

    /// <summary>Some of the cases, and what is rare among them: bytes, surrogates with and without their other half, U+2581.</summary>
    private static IEnumerable<string> Texts => TokenizerGoldens.Encode.Where((_, i) => i % 8 == 0).Select(golden => golden.Text).Concat(
    [
        "", " ", "\uD800", "a\uDC00b", "\u2581\u2581 x", "\U0001F9D1\u200D\U0001F680 flies", "<0x41><0xF0>", "tab\tand\u0000nul",
        "<eos><loc0001>",
    ]);

    [Fact]
    public void Ids_are_the_reference_s()
    {
        foreach (TokenizerGoldens.EncodeCase golden in TokenizerGoldens.Encode)
        {
            Assert.Equal(golden.Ids, AsTokens.EncodeToIds(golden.Text));
            Assert.Equal(golden.Ids.Length, AsTokens.CountTokens(golden.Text));
            Assert.Equal(golden.Ids, AsTokens.EncodeToIds(golden.Text.AsSpan()));
        }
        int eos = AsText.Vocabulary.EosId;
        Assert.DoesNotContain(eos, AsText.EncodeToIds("stop<eos>"));
        Assert.Contains(eos, AsTokens.EncodeToIds("stop<eos>"));
    }

    [Fact]
    public void Offsets_joined_are_the_text_and_each_is_what_its_token_spells()
    {
        int bytes = 0;
        foreach (string text in Texts)
        {
            IReadOnlyList<EncodedToken> tokens = AsTokens.EncodeToTokens(text, out string? normalized);
            Assert.Null(normalized);
            Assert.Equal(AsTokens.EncodeToIds(text), tokens.Select(token => token.Id));
            Assert.Equal(text, string.Concat(tokens.Select(token => text[token.Offset])));
            foreach (EncodedToken token in tokens)
            {
                Assert.Equal(AsTokens.Vocabulary.Piece(token.Id), token.Value);
                string spelled = text[token.Offset];
                if (token.Value.StartsWith("<0x", StringComparison.Ordinal) && token.Value.Length == 6) bytes++;
                else Assert.Equal(Spoken(spelled), Spoken(token.Value));
            }
        }
        Assert.InRange(bytes, 500, 100_000);
    }

    /// <summary>Bytes of a character: the last one has its place.</summary>
    [Fact]
    public void A_character_in_bytes_has_the_place_of_its_last_byte()
    {
        IReadOnlyList<EncodedToken> tokens = AsText.EncodeToTokens("a\U0001F9FFb", out _);
        Assert.Equal(["a", "<0xF0>", "<0x9F>", "<0xA7>", "<0xBF>", "b"], tokens.Select(token => token.Value));
        Assert.Equal([0..1, 1..1, 1..1, 1..1, 1..3, 3..4], tokens.Select(token => token.Offset));
    }

    [Fact]
    public void A_limit_keeps_the_first_or_last_tokens_and_never_cuts_a_character()
    {
        foreach (string text in Texts.Where(text => text.Length <= 120))
        {
            int[] ids = [.. AsText.EncodeToIds(text)];
            for (int most = 0; most <= ids.Length + 1; most++)
            {
                int[] first = [.. AsText.EncodeToIds(text, most, out string? normalized, out int consumed)];
                Assert.Null(normalized);
                Assert.InRange(first.Length, Math.Min(most, ids.Length) - 3, most);
                Assert.Equal(ids[..first.Length], first);
                Assert.Equal(consumed, AsText.GetIndexByTokenCount(text, most, out _, out int count));
                Assert.Equal(first.Length, count);
                Assert.Equal(first, AsText.EncodeToIds(text[..consumed]));

                int index = AsText.GetIndexByTokenCountFromEnd(text, most, out _, out int last);
                Assert.InRange(last, Math.Min(most, ids.Length) - 3, most);
                Assert.Equal(ids[^last..], AsText.EncodeToIds(text[index..]));
                if (most >= ids.Length) Assert.Equal((text.Length, 0), (consumed, index));
            }
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => AsText.GetIndexByTokenCount("a", -1, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => AsText.GetIndexByTokenCountFromEnd("a", -1, out _, out _));
    }

    [Fact]
    public void Decoding_is_the_reference_s()
    {
        foreach (TokenizerGoldens.DecodeCase golden in TokenizerGoldens.Decode) Assert.Equal(golden.Text, AsText.Decode(golden.Ids));
        Assert.Equal("", AsText.Decode([-1, 1 << 30]));
        Assert.Throws<ArgumentNullException>(() => AsText.Decode(null!));
    }

    /// <summary>Into buffers that are too small for all of it, call after call.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Decoding_into_a_buffer_gives_the_same_text_in_parts(int size)
    {
        char[] buffer = new char[size];
        int stopped = 0;
        foreach (TokenizerGoldens.DecodeCase golden in TokenizerGoldens.Decode)
        {
            var text = new StringBuilder();
            int[] rest = golden.Ids;
            while (true)
            {
                OperationStatus status = AsText.Decode(rest, buffer, out int consumed, out int written);
                text.Append(buffer, 0, written);
                rest = rest[consumed..];
                if (status == OperationStatus.Done) break;
                Assert.Equal(OperationStatus.DestinationTooSmall, status);
                stopped++;
                if (consumed == 0) Array.Resize(ref buffer, buffer.Length * 2); // a run that is not UTF-8 is not cut
            }
            Assert.Empty(rest);
            Assert.Equal(golden.Text, text.ToString());
            buffer = buffer.Length == size ? buffer : new char[size];
        }
        Assert.True(size == 1000 || stopped > 10);
    }

    [Fact]
    public void A_run_of_bytes_is_cut_between_characters()
    {
        int[] ids = [.. AsText.EncodeToIds("\U0001F9FF\U0001F9FF")]; // four bytes each
        var one = new char[3];
        Assert.Equal((OperationStatus.DestinationTooSmall, 4, 2), Decoded(ids));
        Assert.Equal("\U0001F9FF", new string(one, 0, 2));
        Assert.Equal((OperationStatus.Done, 4, 2), Decoded(ids[4..]));
        Assert.Equal((OperationStatus.DestinationTooSmall, 0, 0), Decoded(ids[1..])); // seven U+FFFD

        (OperationStatus, int, int) Decoded(int[] of) => (AsText.Decode(of, one, out int consumed, out int written), consumed, written);
    }

    [Fact]
    public async Task A_container_with_a_model_has_its_tokenizer()
    {
        IServiceCollection added = new ServiceCollection().AddVlmSharp(o => o.ModelDirectory = GoldenFiles.DemoModel);
        await using ServiceProvider services = added.BuildServiceProvider();
        Tokenizer tokenizer = services.GetRequiredService<Tokenizer>();
        int[] expected = TokenizerLoader.Load(GoldenFiles.DemoModel).Encode("caption en", ControlTokens.AsText);
        Assert.Equal(expected, tokenizer.EncodeToIds("caption en"));
        Assert.Same(tokenizer, services.GetRequiredService<Tokenizer>());
    }

    /// <summary>A space and U+2581, and half of a surrogate and U+FFFD, have one spelling.</summary>
    private static string Spoken(string text) => string.Concat(text.EnumerateRunes()).Replace(' ', '\u2581');
}
