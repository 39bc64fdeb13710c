using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

public class RgbImageTests
{
    // Two pixels, (1, 2, 3) and (4, 5, 6), or the gray values 7 and 8.
    public static TheoryData<PixelLayout, byte[], byte[]> Layouts => new()
    {
        { PixelLayout.Rgb24, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6] },
        { PixelLayout.Bgr24, [3, 2, 1, 6, 5, 4], [1, 2, 3, 4, 5, 6] },
        { PixelLayout.Rgba32, [1, 2, 3, 0, 4, 5, 6, 128], [1, 2, 3, 4, 5, 6] },
        { PixelLayout.Bgra32, [3, 2, 1, 255, 6, 5, 4, 0], [1, 2, 3, 4, 5, 6] },
        { PixelLayout.Gray8, [7, 8], [7, 7, 7, 8, 8, 8] },
    };

    [Theory, MemberData(nameof(Layouts))]
    public void PixelsOfAnyLayoutBecomeRgb(PixelLayout layout, byte[] row, byte[] expected)
    {
        RgbImage image = RgbImage.FromPixels(row, 2, 1, layout);
        Assert.Equal((2, 1), (image.Width, image.Height));
        Assert.Equal(expected, image.Pixels);
    }

    [Theory, MemberData(nameof(Layouts))]
    public void WhatPadsTheRowsIsPassedOver(PixelLayout layout, byte[] row, byte[] expected)
    {
        byte[] padded = [.. row, 99, 98, 97, .. row.Reverse(), 96, 95, 94];
        byte[] reversed = RgbImage.FromPixels([.. row.Reverse()], 2, 1, layout).Pixels;
        int stride = row.Length + 3;
        byte[] both = [.. expected, .. reversed];
        Assert.Equal(both, RgbImage.FromPixels(padded, 2, 2, layout, stride).Pixels);
        Assert.Equal(both, RgbImage.FromPixels(padded.AsSpan(..^3), 2, 2, layout, stride).Pixels); // without the last padding
    }

    [Fact]
    public void ThePixelsAreCopied()
    {
        byte[] pixels = [1, 2, 3];
        RgbImage image = RgbImage.FromPixels(pixels, 1, 1, PixelLayout.Rgb24);
        pixels[0] = 9;
        Assert.Equal([1, 2, 3], image.Pixels);
    }

    [Theory]
    [InlineData(5, null, "has 6 bytes, not 5")]
    [InlineData(7, null, "has 6 bytes, not 7")] // no guess about what the rest is
    [InlineData(9, 7, "has 10 to 14 bytes, not 9")]
    [InlineData(15, 7, "has 10 to 14 bytes, not 15")]
    [InlineData(6, int.MaxValue, "has 2147483650 to 4294967294 bytes, not 6")] // and no overflow
    public void AnotherNumberOfBytesIsRefused(int bytes, int? stride, string part)
    {
        var error = Assert.Throws<ArgumentException>(() => RgbImage.FromPixels(new byte[bytes], 1, 2, PixelLayout.Rgb24, stride));
        Assert.Equal("pixels", error.ParamName);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, PixelLayout.Rgb24, null, "width")]
    [InlineData(1, 0, PixelLayout.Rgb24, null, "height")]
    [InlineData(-1, -1, PixelLayout.Rgb24, null, "width")]
    [InlineData(int.MaxValue, int.MaxValue, PixelLayout.Bgra32, null, "height")]
    [InlineData(1, 1, PixelLayout.Rgb24, 2, "stride")]
    [InlineData(1, 1, PixelLayout.Rgba32, 3, "stride")]
    [InlineData(1, 1, PixelLayout.Gray8, -1, "stride")]
    [InlineData(1, 1, (PixelLayout)5, null, "layout")]
    public void WhatCannotBeIsNamed(int width, int height, PixelLayout layout, int? stride, string parameter)
    {
        byte[] pixels = new byte[4];
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => RgbImage.FromPixels(pixels, width, height, layout, stride));
        Assert.Equal(parameter, error.ParamName);
    }

    [Theory]
    [InlineData(0, 1, "width")]
    [InlineData(1, -1, "height")]
    [InlineData(1 << 20, 1 << 20, "height")]
    [InlineData(int.MaxValue, int.MaxValue, "height")] // 2^62 pixels, whose bytes do not fit in 64 bits
    public void ASizeThatCannotBeIsRefusedByTheResize(int width, int height, string parameter) =>
        Assert.Equal(parameter, Assert.Throws<ArgumentOutOfRangeException>(() => new RgbImage(1, 1).Resize(width, height)).ParamName);
}
