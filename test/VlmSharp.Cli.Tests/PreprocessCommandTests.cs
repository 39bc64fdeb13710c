using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>The pixels that commands see: <c>vlmsharp preprocess</c> and <c>--background</c>.</summary>
public sealed class PreprocessCommandTests : IDisposable
{
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory, InlineData("photo_chelsea.png", 0, "rgb_sha256"), InlineData("jpg_exif6.jpg", 56, "resized_56_sha256"),
        InlineData("photo_rocket.jpg", 224, "resized_224_sha256")]
    public async Task Preprocess_writes_exactly_the_pixels(string file, int size, string key)
    {
        string target = scratch.At("out");
        Run.Outcome run =
            await Run.Vlmsharp("", "preprocess", GoldenFiles.PathOf("images", file), "--size", $"{size}", "--format", "raw", "-o", target);
        Assert.Equal(0, run.Code);
        byte[] raw = await File.ReadAllBytesAsync(target);
        string text = await File.ReadAllTextAsync(GoldenFiles.PathOf("images", "expected.json"));
        Assert.Contains($"\"{key}\": \"{Convert.ToHexStringLower(SHA256.HashData(raw))}\"", text, StringComparison.Ordinal);

        await Run.Vlmsharp("", "preprocess", GoldenFiles.PathOf("images", file), "--size", $"{size}", "--format", "ppm", "-o", target);
        byte[] ppm = await File.ReadAllBytesAsync(target);
        Assert.Equal((byte)'P', ppm[0]);
        Assert.Equal(raw, ppm[^raw.Length..]);
    }

    [Fact]
    public async Task A_background_lies_under_what_is_not_opaque()
    {
        string file = GoldenFiles.PathOf("corners", "alpha.png"), target = scratch.At("out");
        using JsonDocument corners = JsonDocument.Parse(await File.ReadAllBytesAsync(GoldenFiles.PathOf("corners", "expected.json")));
        JsonElement expected = corners.RootElement.GetProperty("cases").EnumerateArray()
            .Single(c => c.GetProperty("file").GetString() == "alpha.png");
        string color = Convert.ToHexString([.. expected.GetProperty("background").EnumerateArray().Select(value => value.GetByte())]);
        string[] whole = ["preprocess", file, "--size", "0", "--format", "raw", "-o", target];
        Assert.Equal(0, (await Run.Vlmsharp("", [.. whole, "--background", color])).Code);
        string hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(target)));
        Assert.Equal(expected.GetProperty("rgb_sha256").GetString(), hash);

        string[] asked = ["caption", file, "--json", "-q"];
        Assert.NotEqual((await Run.Vlmsharp("", asked)).Output, (await Run.Vlmsharp("", [.. asked, "--background", "white"])).Output);

        Run.Outcome wrong = await Run.Vlmsharp("", [.. whole, "--background", "12345"]);
        Assert.Equal(Errors.ExitCodes.Usage, wrong.Code);
        Assert.Contains("--background '12345': give white, black, gray, or six hexadecimal digits", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_goes_on_with_the_same_background_alone()
    {
        string file = GoldenFiles.PathOf("corners", "alpha.png"), folder = scratch.At("run");
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", file, "--out", folder, "--background", "white")).Code);
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", file, "--out", folder, "--background", "FFFFFF")).Code);
        Run.Outcome other = await Run.Vlmsharp("", "batch", file, "--out", folder);
        Assert.Equal(Errors.ExitCodes.Usage, other.Code);
        Assert.Contains("pictures read", other.Error, StringComparison.Ordinal);
    }
}
