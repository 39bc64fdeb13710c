using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Tokenization;

public class PromptTokensTests
{
    private static readonly ITokenizer Tokenizer = TokenizerGoldens.Tokenizer("pg1-f32-sharded");

    [Theory]
    [InlineData("pg1", 16)]
    [InlineData("pg1odd", 25)]
    [InlineData("pg2", 16)]
    public void GivesTheInputIdsOfEveryGoldenCase(string kind, int imageTokens)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("activations", $"{kind}.json")));
        int checkedCases = 0;
        foreach (JsonElement golden in cases.RootElement.EnumerateArray())
        {
            string file = GoldenFiles.PathOf("activations", $"{kind}-{golden.GetProperty("case").GetString()}.safetensors");
            string prompt = golden.GetProperty("prompt").GetString()!;
            int images = golden.GetProperty("images").GetArrayLength();
            Assert.Equal(InputIds(file), PromptTokens.Build(Tokenizer, prompt, imageTokens, imageCount: images));
            Assert.Equal(
                InputIds(file), PromptTokens.Build(Tokenizer, prompt, imageTokens * images, controlTokens: ControlTokens.AsTokens));
            checkedCases++;
        }
        Assert.Equal(4, checkedCases);
    }

    [Fact]
    public void TrimsNewlinesUnlessAskedOtherwise()
    {
        int[] plain = PromptTokens.Build(Tokenizer, "caption en", 2);
        Assert.Equal(17, plain[^1]);
        Assert.Equal(plain, PromptTokens.Build(Tokenizer, "caption en\r\n\n", 2));
        int[] raw = PromptTokens.Build(Tokenizer, "caption en\n", 2, trimTrailingNewlines: false);
        Assert.Equal([.. plain[..^1], 18], raw); // two newlines are one token
    }

    [Fact]
    public void ExpandsMarkedPlacesOfATrustedPrompt()
    {
        int[] a = Tokenizer.Encode("a", ControlTokens.AsTokens);
        int[] b = Tokenizer.Encode("b", ControlTokens.AsTokens);
        int[] end = Tokenizer.Encode("c\n", ControlTokens.AsTokens);
        int[] ids = PromptTokens.Build(Tokenizer, "a<image>b<image>c", 2, controlTokens: ControlTokens.AsTokens, imageCount: 2);
        Assert.Equal([.. a, 5152, 5152, .. b, 5152, 5152, 2, .. end], ids);
    }

    [Fact]
    public void AUserCannotWriteControlTokens()
    {
        int[] ids = PromptTokens.Build(Tokenizer, "a <image><eos><bos>", 1);
        Assert.Equal([5152, 2], ids[..2]);
        Assert.DoesNotContain(ids[2..], id => id is >= 0 and <= 3 or 5152);
    }

    /// <summary>As the users of transformers write it, and as its processor makes of that.</summary>
    [Theory]
    [InlineData(1, "<image>caption en", "caption en")]
    [InlineData(2, "<image><image>caption en", "caption en")]
    [InlineData(1, "<image><image><image>caption en", "caption en")] // three tokens a picture
    [InlineData(1, "<image><image><image><bos>caption en\n", "caption en")]
    [InlineData(2, "<image><image><image><image><image><image><bos>caption en\n", "caption en")]
    public void DropsThePlaceholdersOfTheProcessor(int images, string prompt, string meant)
    {
        Assert.Equal(PromptTokens.Build(Tokenizer, meant, 3, imageCount: images),
            PromptTokens.Build(Tokenizer, prompt, 3, imageCount: images));
    }

    [Theory]
    [InlineData(1, "<image><image>caption en")]
    [InlineData(2, "<image>caption en")]
    [InlineData(1, " <image>caption en")]
    [InlineData(1, "what is <image>?")]
    public void AnotherNumberOfPlaceholdersIsText(int images, string prompt)
    {
        Assert.Equal(prompt, PromptTokens.WithoutPlaceholders(prompt, 3, images));
        int[] text = Tokenizer.Encode(prompt + "\n", ControlTokens.AsText);
        Assert.Equal(text, PromptTokens.Build(Tokenizer, prompt, 3, imageCount: images)[^text.Length..]);
    }

    [Fact]
    public void RefusesAnotherNumberOfImages()
    {
        var error = Assert.Throws<RequestException>(
            () => PromptTokens.Build(Tokenizer, "<image>x<image>", 1, controlTokens: ControlTokens.AsTokens));
        Assert.Contains("2 <image> but 1 images", error.Message);
    }

    private static int[] InputIds(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, headerLength));
        JsonElement offsets = header.RootElement.GetProperty("input_ids").GetProperty("data_offsets");
        ReadOnlySpan<byte> data = file.AsSpan(8 + headerLength)[offsets[0].GetInt32()..offsets[1].GetInt32()];
        return [.. MemoryMarshal.Cast<byte, long>(data).ToArray().Select(id => (int)id)];
    }
}
