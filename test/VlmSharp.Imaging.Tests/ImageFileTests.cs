using System.Buffers.Binary;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Files;
using VlmSharp.Imaging.Png;

namespace VlmSharp.Imaging.Tests;

/// <summary>Limits, orientation and the words of errors.</summary>
public class ImageFileTests
{
    [Fact]
    public void AHugePngIsRefusedBeforeAllocation()
    {
        // The claim alone counts: 20000 x 20000 in front of one megabyte of anything.
        byte[] file = Png(20000, 20000, new byte[1 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, "bomb.png"));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 << 20);
        Assert.Equal(
            "bomb.png is a PNG picture of 20000 x 20000 pixels, over the limit of 100000000 pixels; "
            + "scale it down, or raise ImageOptions.MaxPixels if you trust the file.", error.Message);
    }

    [Theory]
    [InlineData("P6 20000 20000 255\n")]
    [InlineData("P5 70000 2 255\n")]
    public void LimitsHoldForEveryFormat(string header) =>
        Assert.Contains("over the limit", Fault(Encoding.ASCII.GetBytes(header)), StringComparison.Ordinal);

    [Fact]
    public void AShortFileCannotClaimALargePicture()
    {
        byte[] png = Png(9000, 9000, new byte[100]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("truncated PNG", Fault(png), StringComparison.Ordinal);
        byte[] jpeg = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_64x64.jpg"));
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC2]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 9000);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 9000);
        Assert.Contains("truncated JPEG", Fault(jpeg), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void LimitsCanBeSet()
    {
        string path = GoldenFiles.PathOf("images", "png_rgb_33x17.png");
        Assert.Equal(33, ImageFile.Load(path, new ImageOptions { MaxPixels = 33 * 17 }).Width);
        Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxPixels = 33 * 17 - 1 }));
        Assert.Contains("32 per side", Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxSide = 32 })).Message, StringComparison.Ordinal);
        path = GoldenFiles.PathOf("images", "jpg_prog_224x224.jpg");
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxJpegScans = 3 }));
        Assert.Contains("more than 3 scans", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OrientationCanBeLeftAsStored()
    {
        string path = GoldenFiles.PathOf("images", "jpg_exif6.jpg");
        RgbImage upright = ImageFile.Load(path), stored = ImageFile.Load(path, new ImageOptions { ApplyExifOrientation = false });
        Assert.Equal((80, 120), (upright.Width, upright.Height));
        Assert.Equal((120, 80), (stored.Width, stored.Height));
    }

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
        var image = new RgbImage(3, 2, [.. "abcdef".SelectMany(c => new[] { (byte)c, (byte)c, (byte)c })]);
        RgbImage turned = ExifOrientation.Apply(image, orientation);
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
        RgbImage turned = ImageFile.Decode(Png(2, 1, Deflate([0, 1, 2, 3, 4, 5, 6]), ("eXIf", little)), "turned.png");
        Assert.Equal((1, 2), (turned.Width, turned.Height));
    }

    [Theory]
    [InlineData("\0\0\0\x18" + "ftypheic", "HEIC")]
    [InlineData("\0\0\0\x18" + "ftypavif", "AVIF")]
    [InlineData("II*\0", "TIFF")]
    [InlineData("MM\0*", "TIFF")]
    [InlineData("\0\0\x01\0", "Windows icon")]
    [InlineData("P7\nWIDTH", "PAM")]
    [InlineData("<?xml?><svg>", "SVG")]
    [InlineData("%PDF-1.7", "PDF")]
    public void ForeignFormatsAreNamed(string bytes, string format)
    {
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Decode(Encoding.Latin1.GetBytes(bytes), "photo"));
        Assert.Equal($"photo is in the {format} format, which VlmSharp does not read; convert it to PNG or JPEG.", error.Message);
    }

    [Fact]
    public void OtherFaultsAreNamed()
    {
        Assert.Equal("photo is empty; copy or download the picture again.", Fault([]));
        Assert.StartsWith("photo is not a picture of a format known to VlmSharp", Fault([1, 2, 3]), StringComparison.Ordinal);
        string path = Path.Combine(Path.GetTempPath(), "vlmsharp-no-such-picture.png");
        Assert.Equal($"{path} does not exist; give the path of a picture.", Assert.Throws<ImageFormatException>(() => ImageFile.Load(path)).Message);
    }

    [Fact]
    public void DamageIsNamed()
    {
        byte[] png = Png(2, 1, Deflate([0, 1, 2, 3, 4, 5, 6]));
        png[^20] ^= 1;
        Assert.Equal("photo is a damaged PNG picture: the checksum of its IDAT chunk is wrong; copy or download the file again.", Fault(png));
        Assert.Equal("photo is a damaged PNG picture: row filter 9 does not exist; copy or download the file again.", Fault(Png(2, 1, Deflate([9, 1, 2, 3, 4, 5, 6]))));
        Assert.Equal("photo is a truncated PNG picture: it ends within its pixel data (IDAT); copy or download the file again.", Fault(Png(2, 1, Deflate([0, 1, 2]))));
        Assert.Contains("not valid zlib data", Fault(Png(2, 1, [0x78, 0x20, 1, 2, 3, 4, 5, 6, 7, 8])), StringComparison.Ordinal);
        Assert.Contains("not valid zlib data", Fault(Png(2, 1, [1, 2, 3, 4, 5, 6, 7, 8])), StringComparison.Ordinal);
        byte[] jpeg = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpg_gray_33x17.jpg"));
        Assert.Equal("photo is a truncated JPEG picture: it ends within its compressed data; copy or download the file again.", Fault(jpeg[..^40]));
    }

    [Fact]
    public void MotionJpegFramesHaveTheStandardTables()
    {
        byte[] jpeg = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpg_q75_ss2_300x200.jpg"));
        byte[] expected = ImageFile.Decode(jpeg, "whole").Pixels;
        var bare = new List<byte>(jpeg[..2]);
        int at = 2;
        while (jpeg[at + 1] != 0xDA)
        {
            int next = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg.AsSpan(at + 2));
            if (jpeg[at + 1] != 0xC4)
                bare.AddRange(jpeg[at..next]);
            at = next;
        }
        bare.AddRange(jpeg[at..]);
        Assert.True(bare.Count < jpeg.Length - 400);
        Assert.Equal(expected, ImageFile.Decode(bare.ToArray(), "bare").Pixels);
    }

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;

    private static byte[] Deflate(byte[] rows)
    {
        using var stream = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(stream, System.IO.Compression.CompressionLevel.Optimal))
            zlib.Write(rows);
        return stream.ToArray();
    }

    // An RGB8 PNG with this pixel data.
    private static byte[] Png(int width, int height, byte[] data, params (string Type, byte[] Data)[] more)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        foreach ((string type, byte[] chunk) in (IEnumerable<(string, byte[])>)[("IHDR", header), .. more, ("IDAT", data), ("IEND", [])])
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, chunk.Length);
            stream.Write(number);
            byte[] tagged = [.. Encoding.ASCII.GetBytes(type), .. chunk];
            stream.Write(tagged);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(tagged));
            stream.Write(number);
        }
        return stream.ToArray();
    }
}
