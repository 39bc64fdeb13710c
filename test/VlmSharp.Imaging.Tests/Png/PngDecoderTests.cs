using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests.Png;

public class PngDecoderTests
{
    [Fact]
    public void DamageIsNamed()
    {
        byte[] png = PngFile.Of(2, 1, PngFile.Deflate([0, 1, 2, 3, 4, 5, 6]));
        png[29] ^= 1;
        Assert.Equal(
            "photo is a damaged PNG picture: the checksum of its IHDR chunk is wrong; copy or download the file again.", Fault(png));
        Assert.Equal(
            "photo is a damaged PNG picture: row filter 9 does not exist; copy or download the file again.",
            Fault(PngFile.Of(2, 1, PngFile.Deflate([9, 1, 2, 3, 4, 5, 6]))));
        Assert.Equal(
            "photo is a truncated PNG picture: it ends within its pixel data (IDAT); copy or download the file again.",
            Fault(PngFile.Of(2, 1, PngFile.Deflate([0, 1, 2]))));
        Assert.Contains("not valid zlib data", Fault(PngFile.Of(2, 1, [0x78, 0x20, 1, 2, 3, 4, 5, 6, 7, 8])), StringComparison.Ordinal);
        Assert.Contains("not valid zlib data", Fault(PngFile.Of(2, 1, [1, 2, 3, 4, 5, 6, 7, 8])), StringComparison.Ordinal);
    }

    /// <summary>As in Pillow, which holds checksums against the chunks before the pixels alone.</summary>
    [Fact]
    public void Wrong_checksums_of_the_pixels_and_of_the_end_do_not_count()
    {
        byte[] png = PngFile.Of(2, 1, PngFile.Deflate([0, 1, 2, 3, 4, 5, 6]));
        png[^1] ^= 1;  // IEND's
        png[^13] ^= 1; // IDAT's
        Assert.Equal([1, 2, 3, 4, 5, 6], ImageFile.Decode(png, "photo").Pixels);
    }

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;
}
