using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

/// <summary>
/// Kinds of pictures that few programs write and Pillow reads, with what it gives: <c>test/golden/corners</c>, whose <c>make.py</c> makes
/// them and notes which Pillow it was.
/// </summary>
public class PillowCornerTests
{
    private static readonly Dictionary<string, JsonElement> Expected = ReadExpected();

    public static TheoryData<string> Files => [.. Expected.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Gives_the_pixels_of_pillow(string file)
    {
        JsonElement expected = Expected[file];
        Assert.StartsWith("Pillow ", expected.GetProperty("pillow").GetString(), StringComparison.Ordinal);
        Rgb? background = expected.TryGetProperty("background", out JsonElement color)
            ? new Rgb(color[0].GetByte(), color[1].GetByte(), color[2].GetByte())
            : null;
        RgbImage image = ImageFile.Load(GoldenFiles.PathOf("corners", file), new ImageOptions { Background = background });
        Assert.Equal((expected.GetProperty("width").GetInt32(), expected.GetProperty("height").GetInt32()), (image.Width, image.Height));
        Assert.Equal(expected.GetProperty("rgb_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }

    [Fact]
    public void Opacity_is_not_looked_at_without_a_background()
    {
        RgbImage opaque = ImageFile.Load(GoldenFiles.PathOf("corners", "alpha.tga"));
        RgbImage lossless = ImageFile.Load(GoldenFiles.PathOf("corners", "alpha_lossless.webp"));
        RgbImage png = ImageFile.Load(GoldenFiles.PathOf("corners", "alpha.png"));
        Assert.Equal(png.Pixels, opaque.Pixels);
        Assert.Equal(png.Pixels, lossless.Pixels);
    }

    private static Dictionary<string, JsonElement> ReadExpected()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("corners", "expected.json")));
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .ToDictionary(c => c.GetProperty("file").GetString()!, c => c.Clone());
    }
}
