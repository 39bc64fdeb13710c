using VlmSharp.Imaging;

using static VlmSharp.Imaging.Tests.WebP.WebPFile;

namespace VlmSharp.Imaging.Tests.WebP.Lossless;

/// <summary>Lossless streams that encoders never write, written by hand: rules at the edges, and faults.</summary>
public class WebPLosslessTests
{
    [Fact]
    public void LiteralsAreGreenRedBlueAlpha()
    {
        byte[] file = Vp8LWriter.Picture(2, 1).Flags(0, 0, 0).Two(20, 10).One(1).One(2).One(0).One(0).Flags(1, 0).ToFile();
        Assert.Equal([1, 20, 2, 1, 10, 2], ImageFile.Decode(file, "x").Pixels);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 15)]
    [InlineData(2, 15)]
    [InlineData(3, 15)]
    [InlineData(4, 10)]
    [InlineData(12, 20)]
    [InlineData(14, 5)]
    [InlineData(15, 5)]
    public void PredictorsSeeTheirNeighbors(int mode, int lowerRight)
    {
        // Every pixel is 5 more than predicted. Only the lower right one has neighbors on all sides:
        //   5 10
        //   10 ?
        // What is above it on the right is the first pixel of its own row.
        byte[] file = Vp8LWriter.Picture(2, 2).Flags(1).Bits(0, 2).Bits(0, 3).Flags(0).Plain(0, mode, 0, 0)
            .Flags(0, 0, 0).Plain(0, 5, 0, 0).ToFile();
        Assert.Equal([5, 10, 10, lowerRight], Green(file));
    }

    [Fact]
    public void SharesOfOtherChannelsAreSigned()
    {
        // Green is -56, which adds -64 / 32 of it to red and 32 / 32 to blue; red, then 72, adds 16 / 32 of itself to blue.
        byte[] file = Vp8LWriter.Picture(1, 1).Flags(1).Bits(1, 2).Bits(0, 3).Flags(0).Plain(16, 32, 256 - 64, 0)
            .Flags(0, 0, 0).Plain(256 - 40, 200, 100, 0).ToFile();
        Assert.Equal([72, 200, 80], ImageFile.Decode(file, "x").Pixels);
    }

    [Fact]
    public void IndicesBeyondThePaletteAreBlack()
    {
        // Three colors, four indices of two bits in one green byte.
        byte[] file = Vp8LWriter.Picture(4, 1).Flags(1).Bits(3, 2).Bits(2, 8).Flags(0).Plain(10, 20, 30, 0)
            .Flags(0, 0, 0).Plain(0, 0b11_10_01_00, 0, 0).ToFile();
        Assert.Equal([10, 20, 30, 20, 40, 60, 30, 60, 90, 0, 0, 0], ImageFile.Decode(file, "x").Pixels);
    }

    [Fact]
    public void ACopyMayRepeatItself() => Assert.Equal([7, 7, 7, 7, 7], Green(LiteralThenCopy(5, 0, 1)));

    [Fact]
    public void CopiesStayWithinThePicture()
    {
        Assert.Contains("copies pixels from outside", Fault(LiteralThenCopy(4, 0, 1)), StringComparison.Ordinal);
        Assert.Contains("copies pixels from outside", Fault(LiteralThenCopy(5, 1, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void GroupsThatNoRegionUsesAreDropped()
    {
        // Two groups, and an image that always says 1.
        byte[] file =
            Vp8LWriter.Picture(1, 1).Flags(0, 0, 1).Bits(0, 3).Flags(0).Plain(0, 1, 0, 0).Plain(9, 9, 9, 9).Plain(1, 2, 3, 0).ToFile();
        Assert.Equal([1, 2, 3], ImageFile.Decode(file, "x").Pixels);
    }

    [Fact]
    public void PrefixCodesOfASmallPictureStaySmall()
    {
        // 16384 regions with a group each, and each group with codes of several kilobytes.
        Vp8LWriter stream =
            Vp8LWriter.Picture(512, 512).Flags(0, 1).Bits(11, 4).Flags(1).Bits(0, 3).Flags(0).Even(8).Even(8).One(0).One(0).One(0);
        for (int group = 0; group < 16384; group++)
        {
            // Codes come with their highest bit first.
            for (int bit = 7; bit >= 0; bit--)
                stream.Bits(group >> bit, 1);
            for (int bit = 15; bit >= 8; bit--)
                stream.Bits(group >> bit, 1);
        }
        for (int group = 0; group < 16384; group++)
            stream.Even(11).Even(8).Even(8).Even(8).One(0);
        Assert.Equal(
            "x is a WebP picture with more prefix codes than a picture of its size can use, which VlmSharp does not read; convert it to "
                + "PNG or baseline JPEG.",
            Fault(stream.ToFile()));
    }

    [Fact]
    public void FaultsAreNamed()
    {
        Assert.Contains(
            "the same transform twice",
            Fault(Vp8LWriter.Picture(1, 1).Flags(1).Bits(2, 2).Flags(1).Bits(2, 2).Bits(0, 99).ToFile()),
            StringComparison.Ordinal);
        Assert.Contains(
            "a color cache has 12 bits",
            Fault(Vp8LWriter.Picture(1, 1).Flags(0, 1).Bits(12, 4).Bits(0, 99).ToFile()),
            StringComparison.Ordinal);
        Assert.Contains(
            "a color cache has 0 bits", Fault(Vp8LWriter.Picture(1, 1).Flags(0, 1).Bits(0, 99).ToFile()), StringComparison.Ordinal);
        Assert.Contains(
            "code of its code lengths is not complete",
            Fault(Vp8LWriter.Picture(1, 1).Flags(0, 0, 0, 0).Bits(0, 99).ToFile()),
            StringComparison.Ordinal);
        // A distance symbol outside of its alphabet of 40 leaves a code without symbols.
        Assert.Contains(
            "a prefix code is not complete",
            Fault(Vp8LWriter.Picture(1, 1).Flags(0, 0, 0).One(0).One(0).One(0).One(0).One(40).ToFile()),
            StringComparison.Ordinal);
        // Twenty lengths for an alphabet of 40 are too many when each is a run of zeros; 2^14 are too many at once.
        Assert.Contains(
            "more code lengths than symbols",
            Fault(Vp8LWriter.Picture(1, 1).Flags(0, 0, 0, 0).Bits(0, 4).Bits(1, 3).Bits(0, 9).Flags(1).Bits(6, 3).Bits(16383, 14).ToFile()),
            StringComparison.Ordinal);
        Assert.Contains(
            "more code lengths than symbols",
            Fault(Vp8LWriter.Picture(1, 1)
                .Flags(0, 0, 0, 0).Bits(0, 4).Bits(0, 3).Bits(1, 3).Bits(0, 6).Flags(0).Bits(-1, 32).Bits(-1, 32).ToFile()),
            StringComparison.Ordinal);
        Assert.Contains("unknown signature", Fault(Riff(Chunk("VP8L", 0x2E, 0, 0, 0, 0, 0))), StringComparison.Ordinal);
        Assert.Contains("version", Fault(Riff(Chunk("VP8L", 0x2F, 0, 0, 0, 0x20, 0))), StringComparison.Ordinal);
        Assert.Equal(
            "x is a truncated WebP picture: it ends within its compressed data; copy or download the file again.",
            Fault(Vp8LWriter.Picture(9, 9).Flags(0, 0, 0).ToFile()));
    }

    // Two symbols: a literal of green 7, and a copy of four pixels from the pixel on the left.
    private static byte[] LiteralThenCopy(int width, params int[] symbols)
    {
        Vp8LWriter stream = Vp8LWriter.Picture(width, 1).Flags(0, 0, 0);
        // The lengths of 260 symbols: 7 zeros (17), 1, 138 and 113 zeros (18), 1. Lengths of the code for these: two bits for
        // 17 and 18, one for 1.
        stream.Flags(0).Bits(0, 4).Bits(2, 3).Bits(2, 3).Bits(0, 3).Bits(1, 3).Flags(1).Bits(0, 3).Bits(3, 2);
        stream.Flags(1, 0).Bits(4, 3).Flags(0).Flags(1, 1).Bits(127, 7).Flags(1, 1).Bits(102, 7).Flags(0);
        return stream.One(0).One(0).One(0).One(1).Flags(symbols).ToFile();
    }

    private static int[] Green(byte[] file) => [.. ImageFile.Decode(file, "x").Pixels.Where((_, i) => i % 3 == 1).Select(g => (int)g)];

    private static string Fault(byte[] file) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, "x")).Message;
}
