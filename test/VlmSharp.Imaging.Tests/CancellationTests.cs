using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

/// <summary>What a server needs besides the picture: cancellation, the name of the format, and the limit that a picture exceeds.</summary>
public class CancellationTests
{
    [Theory]
    [InlineData("images", "png_rgb_33x17.png", "PNG")]
    [InlineData("images", "jpgx_411_17x9.jpg", "JPEG")]
    [InlineData("images", "jpgx_prog_rst_17x9.jpg", "JPEG")]
    [InlineData("images", "bmp24.bmp", "BMP")]
    [InlineData("images", "gif.gif", "GIF")]
    [InlineData("images", "ppm.ppm", "PPM")]
    [InlineData("webp", "lossy_17x9.webp", "WebP")]
    [InlineData("webp", "lossless_17_colors.webp", "WebP")]
    public void A_canceled_token_ends_decoding_in_every_format(string folder, string file, string format)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf(folder, file));
        Assert.Equal(format, ImageFile.FormatOf(bytes));
        Assert.Equal(
            ImageFile.Decode(bytes).Pixels, ImageFile.Decode(bytes, "x", null, CancellationToken.None).Pixels);
        Assert.Throws<OperationCanceledException>(() => ImageFile.Decode(bytes, "x", null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_limit_that_is_exceeded_is_named()
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf("images", "png_rgb_33x17.png"));
        Assert.Equal("MaxPixels", LimitOf(bytes, new ImageOptions { MaxPixels = 33 * 17 - 1 }));
        Assert.Equal("MaxSide", LimitOf(bytes, new ImageOptions { MaxSide = 32 }));
        Assert.Equal("MaxJpegScans", LimitOf(
            File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_17x9.jpg")), new ImageOptions { MaxJpegScans = 1 }));
        Assert.Null(LimitOf(bytes[..40], ImageOptions.Default));
    }

    private static string? LimitOf(byte[] bytes, ImageOptions options) =>
        Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "x", options)).Limit;
}
