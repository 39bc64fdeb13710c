using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

/// <summary>Every golden picture decodes, and resizes, to the bytes that Pillow gives.</summary>
public class GoldenImagesTests
{
    private static readonly Dictionary<string, string> Refused = new()
    {
        ["jpgx_arithmetic_64x64.jpg"] = "arithmetic coding",
    };

    private static readonly Dictionary<string, JsonElement> Expected = ReadExpected();

    public static TheoryData<string> Files => [.. Expected.Keys.Where(file => !Refused.ContainsKey(file))];

    public static TheoryData<string> RefusedFiles => [.. Refused.Keys];

    [Fact]
    public void TheGoldenListIsComplete() => Assert.Equal(140, Expected.Count);

    [Theory]
    [MemberData(nameof(Files))]
    public void DecodesToTheSamePixels(string file)
    {
        JsonElement expected = Expected[file];
        RgbImage image = ImageFile.Load(GoldenFiles.PathOf("images", file));
        Assert.Equal((expected.GetProperty("width").GetInt32(), expected.GetProperty("height").GetInt32()), (image.Width, image.Height));
        string hash = Hash(image);
        Assert.True(hash == expected.GetProperty("rgb_sha256").GetString(), $"{file}: {Describe(image, expected)}");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void ResizesToTheSamePixels(string file)
    {
        JsonElement expected = Expected[file];
        RgbImage image = ImageFile.Load(GoldenFiles.PathOf("images", file));
        foreach (int size in new[] { 56, 224, 448 })
        {
            RgbImage resized = image.Resize(size, size);
            if (size == 56)
                Assert.Equal(expected.GetProperty("resized_56_first").EnumerateArray().Select(v => v.GetByte()), resized.Pixels.Take(24));
            Assert.Equal(expected.GetProperty($"resized_{size}_sha256").GetString(), Hash(resized));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Resizes_while_decoding_to_the_same_pixels(string file)
    {
        JsonElement expected = Expected[file];
        foreach (int size in new[] { 56, 224, 448 })
        {
            ResizedImage resized = ImageFile.LoadResized(GoldenFiles.PathOf("images", file), size, size);
            Assert.Equal(expected.GetProperty($"resized_{size}_sha256").GetString(), Hash(resized.Image));
            Assert.Equal(
                (expected.GetProperty("width").GetInt32(), expected.GetProperty("height").GetInt32()),
                (resized.OriginalWidth, resized.OriginalHeight));
        }
    }

    [Theory]
    [MemberData(nameof(RefusedFiles))]
    public void RefusesByName(string file)
    {
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Load(GoldenFiles.PathOf("images", file)));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(Refused[file], error.Message, StringComparison.Ordinal);
        Assert.Contains("convert it to PNG", error.Message, StringComparison.Ordinal);
    }

    // The mean of each channel tells a wrong color conversion from a wrong last bit.
    private static string Describe(RgbImage image, JsonElement expected)
    {
        var sums = new double[3];
        for (int i = 0; i < image.Pixels.Length; i++)
            sums[i % 3] += image.Pixels[i];
        IEnumerable<string> means = sums.Select(sum => $"{sum * 3 / image.Pixels.Length:F4}");
        return $"means {string.Join(", ", means)}, expected {expected.GetProperty("mean").GetRawText()}";
    }

    private static string Hash(RgbImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels));

    private static Dictionary<string, JsonElement> ReadExpected()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("images", "expected.json")));
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .ToDictionary(c => c.GetProperty("file").GetString()!, c => c.Clone());
    }
}
