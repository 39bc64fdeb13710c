using System.Buffers.Binary;
using System.Text;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Files;

namespace VlmSharp.Imaging.Tests;

/// <summary>Kinds of BMP, GIF and Netpbm files that the golden pictures do not have, written by hand.</summary>
public class SmallFormatsTests
{
    private static readonly byte[] Red = [0, 0, 255, 0], Blue = [255, 0, 0, 0];

    [Theory]
    [InlineData("P1\n# comment\n3 2\n1 0 1\n0#x\n11", "0 255 0 255 0 0")]
    [InlineData("P2 3 1 4\n0 1 4", "0 64 255")]
    [InlineData("P2 3 1 65535 0 200 65535", "0 200 255")]
    [InlineData("P2 3 1 1000 0 3 500", "0 197 255")]
    [InlineData("P2 4 1 2 0 1 2 1", "0 128 255 128")]
    public void PlainNetpbm(string file, string expected) => Assert.Equal(expected, Grey(Encoding.ASCII.GetBytes(file)));

    [Theory]
    [InlineData("P4 10 1\n", new byte[] { 0b1010_0000, 0b0100_0000 }, "0 255 0 255 255 255 255 255 255 0")]
    [InlineData("P5 2 1 100\n", new byte[] { 50, 200 }, "128 255")]
    [InlineData("P5 2 1 65535\n", new byte[] { 0, 17, 1, 0 }, "17 255")]
    public void BinaryNetpbm(string header, byte[] data, string expected) =>
        Assert.Equal(expected, Grey([.. Encoding.ASCII.GetBytes(header), .. data]));

    [Fact]
    public void WideColourIsScaledAndNotCut()
    {
        byte[] file = [.. "P6 1 1 65535\n"u8, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x80];
        Assert.Equal([255, 128, 0], ImageFile.Decode(file, "x").Pixels);
        Assert.Equal([255, 0, 128], ImageFile.Decode("P3 1 1 2 2 0 1"u8, "x").Pixels);
    }

    [Theory]
    [InlineData("P2 3 1 4\n0 1 5", "a sample is 5, over the maximum of 4")]
    [InlineData("P1 1 1 2", "neither 0 nor 1")]
    [InlineData("P5 1 1 0 x", "maximum value 0")]
    [InlineData("P5 1 x", "a number is missing")]
    [InlineData("P5 9999999999 1 1 ", "more than 9 digits")]
    [InlineData("P5 0 1 255 ", "says 0 x 1 pixels")]
    [InlineData("P5 2 2 255 abc", "ends within its pixel data")]
    [InlineData("P5 2", "ends within its header")]
    public void NetpbmFaults(string file, string part) => Assert.Contains(part, Fault(Encoding.ASCII.GetBytes(file)), StringComparison.Ordinal);

    [Fact]
    public void BmpRowsFromTheTop()
    {
        byte[] rows = [1, 2, 3, 0, 4, 5, 6, 0];
        Assert.Equal([6, 5, 4, 3, 2, 1], ImageFile.Decode(Bmp(1, 2, 24, 0, [], rows), "x").Pixels);
        Assert.Equal([3, 2, 1, 6, 5, 4], ImageFile.Decode(Bmp(1, -2, 24, 0, [], rows), "x").Pixels);
    }

    [Fact]
    public void BmpOf16And32Bits()
    {
        Assert.Equal([255, 0, 131], ImageFile.Decode(Bmp(1, 1, 16, 0, [], [0x10, 0x7C, 0, 0]), "x").Pixels);
        Assert.Equal([255, 4, 131], ImageFile.Decode(Bmp(1, 1, 16, 3, Masks(0xF800, 0x7E0, 0x1F), [0x30, 0xF8, 0, 0]), "x").Pixels);
        Assert.Equal([3, 2, 1], ImageFile.Decode(Bmp(1, 1, 32, 0, [], [1, 2, 3, 4]), "x").Pixels);
        Assert.Equal([1, 2, 3], ImageFile.Decode(Bmp(1, 1, 32, 3, Masks(0xFF, 0xFF00, 0xFF0000), [1, 2, 3, 4]), "x").Pixels);
        Assert.Contains("colour mask 0x000003FF", Fault(Bmp(1, 1, 32, 3, Masks(0x3FF, 0xFF00, 0xFF0000), [1, 2, 3, 4])), StringComparison.Ordinal);
    }

    [Fact]
    public void BmpRuns()
    {
        // Two rows of four, from the bottom: 1110 as a run and a literal pair; then a move by two, and 1.
        byte[] runs = [3, 1, 1, 0, 0, 0, 0, 2, 2, 0, 1, 1, 0, 0, 0, 1];
        Assert.Equal("blue blue red blue red red red blue", Names(Bmp(4, 2, 8, 1, [.. Blue, .. Red], runs, colors: 2)));
        // Four-bit pairs: 1 0 1 as a run; literals 1 1 0 padded to four bytes... of which two are read.
        byte[] pairs = [3, 0x10, 0, 0, 0, 3, 0x11, 0x00, 0, 1];
        Assert.Equal("red red blue red blue red", Names(Bmp(3, 2, 4, 2, [.. Blue, .. Red], pairs, colors: 2)));
        // A move to the next row.
        Assert.Equal("blue blue blue red", Names(Bmp(2, 2, 8, 1, [.. Blue, .. Red], [1, 0, 0, 2, 0, 1, 1, 1, 0, 1], colors: 2), flip: true));
    }

    [Fact]
    public void BmpWithoutAnOffset()
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
    public void BmpFaults(int width, int height, int bits, int compression, string part) =>
        Assert.Contains(part, Fault(Bmp(width, height, bits, compression, [], [1, 2, 3])), StringComparison.Ordinal);

    [Fact]
    public void GifFrameInsideTheScreen()
    {
        // Transparent index 2; the frame is one pixel at (1, 0) of a 3 x 1 screen.
        byte[] file = Gif(3, 1, left: 1, top: 0, width: 1, height: 1, flags: 0, transparent: 2, [1]);
        Assert.Equal("70 40 70", FirstChannel(ImageFile.Decode(file, "x")));
        file = Gif(3, 1, left: 1, top: 0, width: 1, height: 1, flags: 0, transparent: -1, [2]);
        Assert.Equal("10 70 10", FirstChannel(ImageFile.Decode(file, "x")));
    }

    [Fact]
    public void GifScreenGrowsToItsFrame()
    {
        RgbImage image = ImageFile.Decode(Gif(1, 1, left: 1, top: 1, width: 2, height: 1, flags: 0, transparent: -1, [1, 2]), "x");
        Assert.Equal((3, 2), (image.Width, image.Height));
        Assert.Equal("10 10 10 10 40 70", FirstChannel(image));
    }

    [Fact]
    public void GifInterlaceOrdersRows()
    {
        // Rows arrive as 0 8 | 4 | 2 6 | 1 3 5 7 9; each brings an index, here 0 1 2 3 0 1 2 3 0 1.
        byte[] arriving = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1];
        RgbImage image = ImageFile.Decode(Gif(1, 10, 0, 0, 1, 10, flags: 0x40, transparent: -1, arriving), "x");
        Assert.Equal("10 40 100 70 70 100 10 10 40 40", FirstChannel(image));
    }

    [Fact]
    public void GifFaults()
    {
        byte[] good = Gif(2, 1, 0, 0, 2, 1, 0, -1, [1, 2]);
        Assert.Contains("ends within its frame", Fault(Gif(3, 1, 0, 0, 3, 1, 0, -1, [1, 2])), StringComparison.Ordinal);
        Assert.Contains("no frame", Fault([.. good[..25], (byte)';']), StringComparison.Ordinal);
        Assert.Contains("over the limit", Fault(Gif(60000, 60000, 0, 0, 2, 1, 0, -1, [1, 2])), StringComparison.Ordinal);
    }

    private static string Grey(byte[] file)
    {
        RgbImage image = ImageFile.Decode(file, "x");
        for (int i = 0; i < image.Pixels.Length; i += 3)
            Assert.True(image.Pixels[i] == image.Pixels[i + 1] && image.Pixels[i] == image.Pixels[i + 2]);
        return FirstChannel(image);
    }

    private static string FirstChannel(RgbImage image) => string.Join(' ', image.Pixels.Where((_, i) => i % 3 == 0));

    private static string Names(byte[] bmp, bool flip = false)
    {
        RgbImage image = ImageFile.Decode(bmp, "x");
        IEnumerable<int> rows = Enumerable.Range(0, image.Height);
        IEnumerable<byte[]> pixels = (flip ? rows.Reverse() : rows).SelectMany(y => image.Row(y).ToArray().Chunk(3));
        return string.Join(' ', pixels.Select(p => p[0] == 255 ? "red" : "blue"));
    }

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;

    private static byte[] Masks(params uint[] masks) => [.. masks.SelectMany(m => BitConverter.GetBytes(m))];

    // `extra` is the palette or the masks, whatever stands between header and pixels.
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

    // Four colours with red 10, 40, 70, 100. Codes of three bits, a clear code before each index, so that the table never grows.
    private static byte[] Gif(int screenWidth, int screenHeight, int left, int top, int width, int height, byte flags, int transparent, byte[] indices)
    {
        byte[] palette = [10, 0, 0, 40, 0, 0, 70, 0, 0, 100, 0, 0];
        var bits = new List<int>();
        foreach (int code in indices.SelectMany(i => new[] { 4, i }).Append(5))
            bits.AddRange([code & 1, code >> 1 & 1, code >> 2]);
        byte[] data = [.. bits.Chunk(8).Select(b => (byte)b.Select((bit, i) => bit << i).Sum())];
        byte[] control = transparent < 0 ? [] : [(byte)'!', 0xF9, 4, 1, 0, 0, (byte)transparent, 0];
        return
        [
            .. "GIF89a"u8, .. Short(screenWidth), .. Short(screenHeight), 0x81, 0, 0, .. palette, .. control,
            (byte)',', .. Short(left), .. Short(top), .. Short(width), .. Short(height), flags,
            2, (byte)data.Length, .. data, 0, (byte)';',
        ];
    }

    private static byte[] Short(int value) => [(byte)value, (byte)(value >> 8)];
}
