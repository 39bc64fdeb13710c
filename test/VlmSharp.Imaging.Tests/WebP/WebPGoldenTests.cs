using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.WebP;

namespace VlmSharp.Imaging.Tests.WebP;

/// <summary>Small pictures of every kind that libwebp's encoder makes decode to what its decoder gives.</summary>
public class WebPGoldenTests
{
    private static readonly Dictionary<string, JsonElement> Expected = ReadExpected();

    public static TheoryData<string> Files => [.. Expected.Keys];

    public static TheoryData<string> FilesWithAlpha =>
        [.. Expected.Where(e => e.Value.TryGetProperty("alpha_sha256", out _)).Select(e => e.Key)];

    [Fact]
    public void TheGoldenListIsComplete()
    {
        Assert.Equal(53, Expected.Count);
        Assert.Equal(Expected.Keys.Order(), Directory.GetFiles(GoldenFiles.PathOf("webp"), "*.webp").Select(Path.GetFileName).Order());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void DecodesToTheSamePixels(string file)
    {
        JsonElement expected = Expected[file];
        RgbImage image = ImageFile.Load(GoldenFiles.PathOf("webp", file));
        Assert.Equal((expected.GetProperty("width").GetInt32(), expected.GetProperty("height").GetInt32()), (image.Width, image.Height));
        Assert.Equal(expected.GetProperty("rgb_sha256").GetString(), Hash(image.Pixels));
    }

    [Theory]
    [MemberData(nameof(FilesWithAlpha))]
    public void DecodesToTheSameAlpha(string file)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf("webp", file));
        DecodeContext context = ImageOptions.Default.ContextFor(file, "WebP", bytes.Length, CancellationToken.None);
        var container = new WebPContainer(bytes, context);
        byte[] plane = WebPAlpha.Decode(container.Alpha.Of(bytes), container.CanvasWidth, container.CanvasHeight, context);
        Assert.Equal(Expected[file].GetProperty("alpha_sha256").GetString(), Hash(plane));
    }

    [Fact]
    public void OrientationCanBeLeftAsStored()
    {
        RgbImage stored =
            ImageFile.Load(GoldenFiles.PathOf("webp", "exif_orientation6.webp"), new ImageOptions { ApplyExifOrientation = false });
        Assert.Equal((40, 24), (stored.Width, stored.Height));
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static Dictionary<string, JsonElement> ReadExpected()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("webp", "expected.json")));
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .ToDictionary(c => c.GetProperty("file").GetString()!, c => c.Clone());
    }
}
