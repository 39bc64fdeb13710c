using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

/// <summary>
/// Files of every format, cut off anywhere, give a picture or an <see cref="ImageFormatException"/>, soon and nothing else.
/// </summary>
public class HostileImagesTests
{
    private static readonly ImageOptions Small = new() { MaxPixels = 1 << 20 };

    public static TheoryData<string> Files =>
    [
        "pngx_rgb8_adam7.png", "pngx_pal2.png", "pngx_gray16.png", "pngx_rgba16.png", "png_rgb_33x17.png",
        "jpgx_411_17x9.jpg", "jpgx_prog_rst_17x9.jpg", "jpgx_440prog_17x9.jpg", "jpgx_nonint_17x9.jpg", "jpgx_rst1_64x64.jpg",
        "jpgx_q100_17x9.jpg", "jpg_gray_1x1.jpg", "jpg_exif6.jpg", "jpg_cmyk.jpg",
        "bmp1.bmp", "bmp8.bmp", "bmp24.bmp", "gif.gif", "pgm.pgm", "ppm.ppm",
        "webp_lossy.webp", "webp_lossless.webp", "webp_alpha.webp",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void TruncatedAnywhere(string file)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf("images", file));
        // Every length through the headers, then in larger and larger steps.
        for (int length = 0; length < bytes.Length; length += 1 + length / 60)
            TryDecode(bytes.AsSpan(0, length), $"{file} cut to {length}");
    }

    private static void TryDecode(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            RgbImage image = ImageFile.Decode(bytes, "hostile", Small);
            Assert.True((long)image.Width * image.Height <= Small.MaxPixels);
        }
        catch (ImageFormatException e)
        {
            Assert.StartsWith("hostile", e.Message, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {e}");
        }
    }
}
