using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests.Gif;

/// <summary>Kinds of GIF files that the golden pictures do not cover, written by hand.</summary>
public class GifDecoderTests
{
    [Fact]
    public void FrameInsideTheScreen()
    {
        // Transparent index 2; the frame is one pixel at (1, 0) of a 3 x 1 screen.
        byte[] file = Gif(3, 1, left: 1, top: 0, width: 1, height: 1, flags: 0, transparent: 2, [1]);
        Assert.Equal("70 40 70", FirstChannel(ImageFile.Decode(file, "x")));
        file = Gif(3, 1, left: 1, top: 0, width: 1, height: 1, flags: 0, transparent: -1, [2]);
        Assert.Equal("10 70 10", FirstChannel(ImageFile.Decode(file, "x")));
    }

    [Fact]
    public void ScreenGrowsToItsFrame()
    {
        RgbImage image = ImageFile.Decode(Gif(1, 1, left: 1, top: 1, width: 2, height: 1, flags: 0, transparent: -1, [1, 2]), "x");
        Assert.Equal((3, 2), (image.Width, image.Height));
        Assert.Equal("10 10 10 10 40 70", FirstChannel(image));
    }

    [Fact]
    public void InterlaceOrdersRows()
    {
        // Rows arrive as 0 8 | 4 | 2 6 | 1 3 5 7 9; each brings an index, here 0 1 2 3 0 1 2 3 0 1.
        byte[] arriving = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1];
        RgbImage image = ImageFile.Decode(Gif(1, 10, 0, 0, 1, 10, flags: 0x40, transparent: -1, arriving), "x");
        Assert.Equal("10 40 100 70 70 100 10 10 40 40", FirstChannel(image));
    }

    [Fact]
    public void FaultsAreNamed()
    {
        byte[] good = Gif(2, 1, 0, 0, 2, 1, 0, -1, [1, 2]);
        Assert.Contains("ends within its frame", Fault(Gif(3, 1, 0, 0, 3, 1, 0, -1, [1, 2])), StringComparison.Ordinal);
        Assert.Contains("no frame", Fault([.. good[..25], (byte)';']), StringComparison.Ordinal);
        Assert.Contains("over the limit", Fault(Gif(60000, 60000, 0, 0, 2, 1, 0, -1, [1, 2])), StringComparison.Ordinal);
    }

    private static string FirstChannel(RgbImage image) => string.Join(' ', image.Pixels.Where((_, i) => i % 3 == 0));

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;

    // Four colors with red 10, 40, 70, 100. Codes of three bits, a clear code before each index, so that the table never grows.
    private static byte[] Gif(
        int screenWidth, int screenHeight, int left, int top, int width, int height, byte flags, int transparent, byte[] indices)
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
