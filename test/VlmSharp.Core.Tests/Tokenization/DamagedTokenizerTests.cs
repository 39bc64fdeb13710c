using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

/// <summary>Damaged tokenizer files give <see cref="TokenizerFormatException"/> or a tokenizer, and nothing else.</summary>
public sealed class DamagedTokenizerTests
{
    [Theory, InlineData("tokenizer.model", 300), InlineData("tokenizer.json", 120)]
    public void Mutations_and_truncations_are_refused_or_read(string file, int count)
    {
        byte[] good = File.ReadAllBytes(Path.Combine(GoldenFiles.DemoModel, file)); // the smaller vocabulary
        var random = new Random(file.Length);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] bad = (byte[])good.Clone();
            if (i % 3 == 0) bad = bad[..random.Next(bad.Length)];
            else for (int n = 1 + random.Next(8); n > 0; n--) bad[random.Next(i % 3 == 1 ? Math.Min(bad.Length, 4096) : bad.Length)] = (byte)random.Next(256);
            try
            {
                ITokenizer tokenizer = file.EndsWith("json", StringComparison.Ordinal) ? TokenizerLoader.FromJson(bad, file) : TokenizerLoader.FromModel(bad, file);
                tokenizer.Decode(tokenizer.Encode("a damaged vocabulary <loc0001> é", ControlTokens.Honour), skipSpecial: false);
            }
            catch (TokenizerFormatException e)
            {
                refused++;
                Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        Assert.True(refused > count / 4, $"{refused} of {count} were refused.");
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "JSON")]
    [InlineData("{}", "no vocabulary")]
    [InlineData("""{"model":{"type":"WordPiece","byte_fallback":true,"vocab":{"a":0},"merges":[]}}""", "byte-pair")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":false,"vocab":{"a":0},"merges":[]}}""", "byte fallback")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0,"b":0},"merges":[]}}""", "two pieces")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":99999999},"merges":[]}}""", "99999999")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0},"merges":["a b"]}}""", "merge")]
    [InlineData("""{"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0}}}""", "no merges")]
    public void What_is_wrong_is_said(string json, string says)
    {
        string message = Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.FromJson(Encoding.UTF8.GetBytes(json), "tokenizer.json")).Message;
        Assert.StartsWith("tokenizer.json", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_says_what_to_copy()
    {
        string message = Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(GoldenFiles.PathOf("window"))).Message;
        Assert.Contains("tokenizer.json", message, StringComparison.Ordinal);
        Assert.Null(TokenizerLoader.TryLoad(GoldenFiles.PathOf("window")));
    }
}
