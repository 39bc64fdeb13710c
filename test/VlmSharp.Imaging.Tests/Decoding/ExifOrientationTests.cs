using VlmSharp.Imaging;
using VlmSharp.Imaging.Decoding;
using VlmSharp.Imaging.Tests.Png;

namespace VlmSharp.Imaging.Tests.Decoding;

public class ExifOrientationTests
{
    [Theory]
    [InlineData(1, "abcdef")]
    [InlineData(2, "cbafed")]
    [InlineData(3, "fedcba")]
    [InlineData(4, "defabc")]
    [InlineData(5, "adbecf")]
    [InlineData(6, "daebfc")]
    [InlineData(7, "fcebda")]
    [InlineData(8, "cfbead")]
    public void EachOrientationMovesPixels(int orientation, string expected)
    {
        // The picture
        //   a b c
        //   d e f
        var turned = new Raster();
        turned.Begin(3, 2, orientation);
        turned.Take([.. "aaabbbccc"u8]);
        turned.Take([.. "dddeeefff"u8]);
        Assert.Equal(orientation < 5 ? (3, 2) : (2, 3), (turned.Width, turned.Height));
        Assert.Equal(expected, new string([.. turned.Pixels.Where((_, i) => i % 3 == 0).Select(b => (char)b)]));
    }

    [Fact]
    public void OrientationIsReadInBothByteOrdersAndFromXmp()
    {
        byte[] little = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
        byte[] big = [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0];
        Assert.Equal(6, ExifOrientation.FromTiff(little));
        Assert.Equal(8, ExifOrientation.FromTiff(big));
        Assert.Equal(0, ExifOrientation.FromTiff(little.AsSpan(0, 20)));
        Assert.Equal(3, ExifOrientation.FromXmp("<rdf tiff:Orientation=\"3\"/>"u8));
        Assert.Equal(5, ExifOrientation.FromXmp("<tiff:Orientation>5</tiff:Orientation>"u8));
        Assert.Equal(0, ExifOrientation.FromXmp("tiff:Orientation"u8));
        RgbImage turned = ImageFile.Decode(PngFile.Of(2, 1, PngFile.Deflate([0, 1, 2, 3, 4, 5, 6]), ("eXIf", little)), "turned.png");
        Assert.Equal((1, 2), (turned.Width, turned.Height));
    }
}
