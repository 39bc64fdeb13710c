using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

public class StreamingDecoderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PartsJoinToTheGoldenText(bool skipSpecial)
    {
        foreach (TokenizerGoldens.DecodeCase golden in TokenizerGoldens.Decode)
        {
            Assert.Equal(skipSpecial ? golden.TextSkipSpecial : golden.Text, Stream(golden.Ids, skipSpecial));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PartsJoinToDecodeForRandomIds(bool skipSpecial)
    {
        var random = new Random(1);
        for (int round = 0; round < 2000; round++)
        {
            int[] ids = new int[random.Next(24)];
            // Half of the tokens are bytes, so that runs are cut, broken and sometimes valid.
            for (int i = 0; i < ids.Length; i++) ids[i] = random.Next(2) == 0 ? 120 + random.Next(256) : random.Next(-2, 5160);
            Assert.Equal(TokenizerGoldens.Tokenizer("json").Decode(ids, skipSpecial), Stream(ids, skipSpecial));
        }
    }

    [Fact]
    public void ACharacterInFourBytesComesInOnePart()
    {
        var decoder = new StreamingDecoder(TokenizerGoldens.Tokenizer("json"), skipSpecial: true);
        foreach (byte b in "\U0001F608"u8) Assert.Equal("", decoder.Append(120 + b));
        Assert.Equal("", decoder.Append(0)); // a special token that is skipped does not end the run
        Assert.Equal("\U0001F608\n", decoder.Append(17));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void ARunThatIsNotUtf8BecomesOneReplacementCharacterPerByte()
    {
        var decoder = new StreamingDecoder(TokenizerGoldens.Tokenizer("json"), skipSpecial: true);
        foreach (byte b in (byte[])[0x41, 0xE2, 0x96]) Assert.Equal("", decoder.Append(120 + b));
        Assert.Equal("\uFFFD\uFFFD\uFFFD", decoder.Flush());
        Assert.Equal("", decoder.Flush());
    }

    // Also checks that no part ends in half a character.
    private static string Stream(int[] ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(TokenizerGoldens.Tokenizer("json"), skipSpecial);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            string part = decoder.Append(id);
            Assert.True(part.Length == 0 || (!char.IsLowSurrogate(part[0]) && !char.IsHighSurrogate(part[^1])));
            text.Append(part);
        }
        return text.Append(decoder.Flush()).ToString();
    }
}
