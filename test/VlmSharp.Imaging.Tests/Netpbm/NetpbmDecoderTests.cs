using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests.Netpbm;

/// <summary>Kinds of Netpbm files that the golden pictures do not cover, written by hand.</summary>
public class NetpbmDecoderTests
{
    [Theory]
    [InlineData("P1\n# comment\n3 2\n1 0 1\n0#x\n11", "0 255 0 255 0 0")]
    [InlineData("P2 3 1 4\n0 1 4", "0 64 255")]
    [InlineData("P2 3 1 65535 0 200 65535", "0 200 255")]
    [InlineData("P2 3 1 1000 0 3 500", "0 197 255")]
    [InlineData("P2 4 1 2 0 1 2 1", "0 128 255 128")]
    [InlineData("P2\n+2 +1 #x\n+255\n+7 8", "7 8")] // these three as Pillow 9.4
    [InlineData("P1 +2 1 1 0", "0 255")]
    [InlineData("P2 2 1 255 7 +000000008", "7 8")]
    public void PlainSamples(string file, string expected) => Assert.Equal(expected, Gray(Encoding.ASCII.GetBytes(file)));

    [Theory]
    [InlineData("P4 10 1\n", new byte[] { 0b1010_0000, 0b0100_0000 }, "0 255 0 255 255 255 255 255 255 0")]
    [InlineData("P5 2 1 100\n", new byte[] { 50, 200 }, "128 255")]
    [InlineData("P5 2 1 65535\n", new byte[] { 0, 17, 1, 0 }, "17 255")]
    [InlineData("P5 +2 +1 +255\n", new byte[] { (byte)'+', 8 }, "43 8")]
    public void BinarySamples(string header, byte[] data, string expected) =>
        Assert.Equal(expected, Gray([.. Encoding.ASCII.GetBytes(header), .. data]));

    [Fact]
    public void WideColorIsScaledAndNotCut()
    {
        byte[] file = [.. "P6 1 1 65535\n"u8, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x80];
        Assert.Equal([255, 128, 0], ImageFile.Decode(file, "x").Pixels);
        Assert.Equal([255, 0, 128], ImageFile.Decode("P3 1 1 2 2 0 1"u8, "x").Pixels);
    }

    [Theory]
    [InlineData("P2 3 1 4\n0 1 5", "a sample is 5, over the maximum of 4")]
    [InlineData("P1 1 1 2", "neither 0 nor 1")]
    [InlineData("P1 2 1 +1 0", "neither 0 nor 1")]
    [InlineData("P2 2 1 255 7+8 9", "a number is missing")]
    [InlineData("P2 2 1 255 1_0 8", "a number is missing")]
    [InlineData("P2 2 1 255 0x7 8", "a number is missing")]
    [InlineData("P2 2 1 255 ++7 8", "a number is missing")]
    [InlineData("P2 2 1 255 + 7 8", "a number is missing")]
    [InlineData("P5 1 1 0 x", "maximum value 0")]
    [InlineData("P5 1 x", "a number is missing")]
    [InlineData("P5 9999999999 1 1 ", "more than 9 digits")]
    [InlineData("P5 0 1 255 ", "says 0 x 1 pixels")]
    [InlineData("P5 2 2 255 abc", "ends within its pixel data")]
    [InlineData("P5 2", "ends within its header")]
    public void FaultsAreNamed(string file, string part) =>
        Assert.Contains(part, Fault(Encoding.ASCII.GetBytes(file)), StringComparison.Ordinal);

    private static string Gray(byte[] file)
    {
        RgbImage image = ImageFile.Decode(file, "x");
        for (int i = 0; i < image.Pixels.Length; i += 3)
            Assert.True(image.Pixels[i] == image.Pixels[i + 1] && image.Pixels[i] == image.Pixels[i + 2]);
        return FirstChannel(image);
    }

    private static string FirstChannel(RgbImage image) => string.Join(' ', image.Pixels.Where((_, i) => i % 3 == 0));

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;
}
