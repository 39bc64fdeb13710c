using System.Buffers.Binary;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests.Bmp;

/// <summary>Kinds of BMP files that the golden pictures do not cover, written by hand.</summary>
public class BmpDecoderTests
{
    private static readonly byte[] Red = [0, 0, 255, 0], Blue = [255, 0, 0, 0];

    [Fact]
    public void RowsFromTheTop()
    {
        byte[] rows = [1, 2, 3, 0, 4, 5, 6, 0];
        Assert.Equal([6, 5, 4, 3, 2, 1], ImageFile.Decode(Bmp(1, 2, 24, 0, [], rows), "x").Pixels);
        Assert.Equal([3, 2, 1, 6, 5, 4], ImageFile.Decode(Bmp(1, -2, 24, 0, [], rows), "x").Pixels);
    }

    [Fact]
    public void PixelsOf16And32Bits()
    {
        Assert.Equal([255, 0, 131], ImageFile.Decode(Bmp(1, 1, 16, 0, [], [0x10, 0x7C, 0, 0]), "x").Pixels);
        Assert.Equal([255, 4, 131], ImageFile.Decode(Bmp(1, 1, 16, 3, Masks(0xF800, 0x7E0, 0x1F), [0x30, 0xF8, 0, 0]), "x").Pixels);
        Assert.Equal([3, 2, 1], ImageFile.Decode(Bmp(1, 1, 32, 0, [], [1, 2, 3, 4]), "x").Pixels);
        Assert.Equal([1, 2, 3], ImageFile.Decode(Bmp(1, 1, 32, 3, Masks(0xFF, 0xFF00, 0xFF0000), [1, 2, 3, 4]), "x").Pixels);
        Assert.Contains(
            "color mask 0x000003FF", Fault(Bmp(1, 1, 32, 3, Masks(0x3FF, 0xFF00, 0xFF0000), [1, 2, 3, 4])), StringComparison.Ordinal);
    }

    [Fact]
    public void Runs()
    {
        // Two rows of four, from the bottom: 1110 as a run and a literal pair; then a move by two, and 1.
        byte[] runs = [3, 1, 1, 0, 0, 0, 0, 2, 2, 0, 1, 1, 0, 0, 0, 1];
        Assert.Equal("blue blue red blue red red red blue", Names(Bmp(4, 2, 8, 1, [.. Blue, .. Red], runs, colors: 2)));
        // Four-bit pairs: 1 0 1 as a run; literals 1 1 0 padded to four bytes... of which two are read.
        byte[] pairs = [3, 0x10, 0, 0, 0, 3, 0x11, 0x00, 0, 0, 0, 1];
        Assert.Equal("red red blue red blue red", Names(Bmp(3, 2, 4, 2, [.. Blue, .. Red], pairs, colors: 2)));
        // A move to the next row.
        Assert.Equal(
            "blue blue blue red", Names(Bmp(2, 2, 8, 1, [.. Blue, .. Red], [1, 0, 0, 2, 0, 1, 1, 1, 0, 1], colors: 2), flip: true));
    }

    [Theory]
    [InlineData(new byte[] { 4, 1, 0, 1 })] // an end before the second row
    [InlineData(new byte[] { 4, 1, 3, 0 })]
    [InlineData(new byte[] { 4, 1, 0, 2, 0 })]
    [InlineData(new byte[] { 4, 1, 0, 4, 1, 0, 1 })]
    public void Runs_that_do_not_fill_the_picture_are_refused(byte[] runs) =>
        Assert.Contains("ends within its pixel data", Fault(Bmp(4, 2, 8, 1, [.. Blue, .. Red], runs, colors: 2)), StringComparison.Ordinal);

    [Fact]
    public void AHeaderWithoutAnOffset()
    {
        byte[] file = Bmp(1, 1, 8, 0, [.. Blue, .. Red], [1, 0, 0, 0], colors: 2);
        foreach (byte offset in new byte[] { 0, 54 })
        {
            file[10] = offset;
            Assert.Equal([255, 0, 0], ImageFile.Decode(file, "x").Pixels);
        }
    }

    [Theory]
    [InlineData(1, 1, 24, 4, "an embedded JPEG")]
    [InlineData(1, 1, 24, 1, "24 bits per pixel in compression 1")]
    [InlineData(1, 1, 7, 0, "7 bits per pixel")]
    [InlineData(0, 1, 24, 0, "says 0 x 1 pixels")]
    [InlineData(2, 1, 24, 0, "ends within its pixel data")]
    public void FaultsAreNamed(int width, int height, int bits, int compression, string part) =>
        Assert.Contains(part, Fault(Bmp(width, height, bits, compression, [], [1, 2, 3])), StringComparison.Ordinal);

    private static string Names(byte[] bmp, bool flip = false)
    {
        RgbImage image = ImageFile.Decode(bmp, "x");
        IEnumerable<int> rows = Enumerable.Range(0, image.Height);
        IEnumerable<byte[]> pixels = (flip ? rows.Reverse() : rows).SelectMany(y => image.Row(y).ToArray().Chunk(3));
        return string.Join(' ', pixels.Select(p => p[0] == 255 ? "red" : "blue"));
    }

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;

    private static byte[] Masks(params uint[] masks) => [.. masks.SelectMany(m => BitConverter.GetBytes(m))];

    // `extra` is what comes between header and pixels: the palette or the masks.
    private static byte[] Bmp(int width, int height, int bits, int compression, byte[] extra, byte[] data, int colors = 0)
    {
        var header = new byte[54];
        (header[0], header[1]) = ((byte)'B', (byte)'M');
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(10), 54 + extra.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(22), height);
        header[26] = 1;
        header[28] = (byte)bits;
        header[30] = (byte)compression;
        header[46] = (byte)colors;
        return [.. header, .. extra, .. data];
    }
}
