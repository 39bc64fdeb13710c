using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.Tests.Jpeg;
using VlmSharp.Imaging.Tests.Png;

namespace VlmSharp.Imaging.Tests;

/// <summary>Pictures that are resized while they are decoded: the same bytes, in little memory.</summary>
public class RowResizerTests
{
    private const int Width = 8000, Height = 6000;

    [Theory]
    [InlineData(37, 23, 8, 9)]
    [InlineData(37, 23, 90, 7)]
    [InlineData(23, 37, 5, 70)]
    [InlineData(31, 31, 31, 8)]
    [InlineData(31, 17, 9, 31)]
    [InlineData(17, 31, 17, 17)]
    [InlineData(5, 300, 40, 40)]
    [InlineData(300, 5, 40, 40)]
    public void Every_orientation_gives_the_bytes_of_decoding_and_then_resizing(int width, int height, int newWidth, int newHeight)
    {
        byte[] rows = [.. Enumerable.Range(0, height).SelectMany(y => (byte[])[0, .. Pictures.Noise(width, height).Row(y)])];
        for (byte orientation = 1; orientation <= 8; orientation++)
        {
            byte[] exif = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
            byte[] png = PngFile.Of(width, height, PngFile.Deflate(rows), ("eXIf", exif));
            RgbImage whole = ImageFile.Decode(png, "whole");
            ResizedImage resized = ImageFile.DecodeResized(png, newWidth, newHeight, "resized");
            Assert.Equal((whole.Width, whole.Height), (resized.OriginalWidth, resized.OriginalHeight));
            Assert.Equal(whole.Resize(newWidth, newHeight).Pixels, resized.Image.Pixels);
        }
    }

    [Fact]
    public void A_baseline_jpeg_of_48_megapixels_takes_a_few_megabytes() => Takes(6, JpegFile.Flat(Width, Height, progressive: false));

    [Fact]
    public void A_progressive_jpeg_takes_its_coefficients() =>
        Takes(6 + (Width * Height * 3 >> 20), JpegFile.Flat(Width, Height, progressive: true));

    [Fact]
    public void A_png_takes_a_few_rows() => Takes(6, PngFile.Of(Width, Height, PngFile.Deflate(new byte[(Width * 3 + 1) * Height])));

    [Fact]
    public void A_picture_that_does_not_fit_says_what_it_needs()
    {
        var options = new ImageOptions { MaxMemory = 256 << 20 };
        byte[] jpeg = JpegFile.Flat(Width, Height, progressive: true);
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(jpeg, "large.jpg", options));
        Assert.Equal(ImageFault.OverLimit, error.Fault);
        Assert.Equal(
            "large.jpg is a JPEG picture of 8000 x 6000 pixels that takes 275 MB of memory to decode, more than the 256 MB that "
            + "this process may have; scale it down, or give the process more memory.", error.Message);
        Assert.Equal(224, ImageFile.DecodeResized(jpeg, 224, 224, "large.jpg", options).Image.Width);
    }

    [Fact]
    public void A_picture_for_which_memory_ran_out_is_not_said_to_be_larger_than_it()
    {
        DecodeContext context = new ImageOptions { MaxMemory = 256 << 20 }.ContextFor("large.jpg", "JPEG", 2 << 20, default);
        context.Reserve(90 << 20);
        Assert.Equal(
            "large.jpg is a JPEG picture that takes 92 MB of memory to decode, and that much is not free of the 256 MB that "
            + "this process may have; scale it down, or give the process more memory.",
            context.OutOfMemory(new InsufficientMemoryException()).Message);
    }

    private static void Takes(int megabytes, byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        RgbImage image = ImageFile.DecodeResized(file, 224, 224, "large").Image;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, (long)megabytes << 20);
        Assert.All(image.Pixels, value => Assert.Equal(image.Pixels[0], value));
    }
}
