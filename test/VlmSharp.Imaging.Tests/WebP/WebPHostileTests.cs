using System.Buffers.Binary;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

using static VlmSharp.Imaging.Tests.WebP.WebPFile;

namespace VlmSharp.Imaging.Tests.WebP;

/// <summary>WebP files that are cut off, changed, or contradict themselves.</summary>
public class WebPHostileTests
{
    private static readonly ImageOptions Small = new() { MaxPixels = 1 << 13 };

    public static TheoryData<string> Samples =>
    [
        "lossy_1x1.webp", "lossy_17x9.webp", "lossy_15x33.webp", "lossy_sharpness7.webp", "lossless_2x3.webp", "lossless_3_colors.webp",
        "lossless_17_colors.webp", "lossless_gradients.webp", "lossless_16x16.webp", "alpha_two_levels.webp", "exif_orientation6.webp",
        "animation_small.webp",
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void NoPartOfAFileIsAPicture(string sample)
    {
        byte[] file = Read(sample);
        for (int length = 1; length < file.Length; length++)
            Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file.AsSpan(0, length), "cut"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void AnyByteMayBeWrong(string sample)
    {
        byte[] file = Read(sample);
        for (int at = 0; at < file.Length; at++)
        {
            byte right = file[at];
            foreach (byte wrong in (byte[])[0, 0xFF, (byte)(right ^ 1), (byte)(right ^ 0x80)])
            {
                file[at] = wrong;
                TryDecode(file);
            }
            file[at] = right;
        }
    }

    [Theory]
    [InlineData("lossy_17x9.webp")]
    [InlineData("lossless_3_colors.webp")]
    public void TheCodedPictureMayEndAnywhere(string sample)
    {
        byte[] file = Read(sample);
        string name = System.Text.Encoding.ASCII.GetString(file, 12, 4);
        byte[] picture = file[20..(20 + BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(16)))];
        for (int length = 0; length < picture.Length; length++)
        {
            byte[] cut = Riff(Chunk(name, picture[..length]));
            // The last few bytes only fill up what the arithmetic coder reads ahead.
            if (length < picture.Length - 8)
                Assert.Throws<ImageFormatException>(() => ImageFile.Decode(cut, "cut"));
            else
                TryDecode(cut);
        }
    }

    [Fact]
    public void AShortFileCannotClaimALargePicture()
    {
        byte[] lossy = Read("lossy_16x16.webp");
        BinaryPrimitives.WriteUInt16LittleEndian(lossy.AsSpan(26), 9000);
        BinaryPrimitives.WriteUInt16LittleEndian(lossy.AsSpan(28), 9000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("truncated WebP", Fault(lossy), StringComparison.Ordinal);
        Assert.Contains("over the limit", Fault(Riff(Extended(0x02, 1 << 24, 1 << 24))), StringComparison.Ordinal);
        Assert.Contains("over the limit", Fault(Vp8LWriter.Picture(16384, 16384).ToFile()), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void PartsMustFitTogether()
    {
        byte[] picture = Chunk("VP8L", Vp8LWriter.Picture(4, 2).Flags(0, 0, 0).Plain(1, 2, 3, 0).ToArray());
        byte[] animation = Chunk("ANIM", new byte[6]);
        Assert.Equal(4, ImageFile.Decode(Riff(picture), "x").Width);
        Assert.Equal(4, ImageFile.Decode([.. Riff(Extended(0, 4, 2), Chunk("ICCP", 1, 2, 3), picture), 1, 2, 3], "x").Width);
        Assert.Contains("4 x 2 pixels does not fit its canvas of 5 x 2", Fault(Riff(Extended(0, 5, 2), picture)), StringComparison.Ordinal);
        Assert.Equal(6, ImageFile.Decode(Riff(Extended(2, 6, 2), animation, Frame(2, 0, picture)), "x").Width);
        Assert.Contains(
            "does not fit its canvas", Fault(Riff(Extended(2, 5, 2), animation, Frame(2, 0, picture))), StringComparison.Ordinal);
        Assert.Contains(
            "no picture in its first frame", Fault(Riff(Extended(2, 6, 2), Frame(2, 0), Frame(0, 0, picture))), StringComparison.Ordinal);
        Assert.Contains("first frame is too short", Fault(Riff(Extended(2, 6, 2), Chunk("ANMF", 1, 2, 3))), StringComparison.Ordinal);
        Assert.Contains("no picture in it", Fault(Riff(Extended(2, 4, 2), picture)), StringComparison.Ordinal);
        Assert.Contains("no picture in it", Fault(Riff(Chunk("JUNK", 1), picture)), StringComparison.Ordinal);
        Assert.Contains("VP8X chunk is too short", Fault(Riff(Chunk("VP8X", 0, 0, 0, 0), picture)), StringComparison.Ordinal);
        Assert.Contains("start code is missing", Fault(Riff(Chunk("VP8 ", new byte[20]))), StringComparison.Ordinal);
        Assert.Contains(
            "not a visible key frame", Fault(Riff(Chunk("VP8 ", 0x11, 0, 0, 0x9D, 1, 0x2A, 1, 0, 1, 0))), StringComparison.Ordinal);
        Assert.Contains("says 0 x 1 pixels", Fault(Riff(Chunk("VP8 ", 0x10, 0, 0, 0x9D, 1, 0x2A, 0, 0, 1, 0))), StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedAlphaIsRefused()
    {
        byte[] lossy = Read("lossy_2x3.webp")[12..];
        Assert.Equal(2, ImageFile.Decode(Riff(Extended(0x10, 2, 3), Chunk("ALPH", 0, 1, 2, 3, 4, 5, 6), lossy), "x").Width);
        Assert.Contains(
            "ends within its alpha", Fault(Riff(Extended(0x10, 2, 3), Chunk("ALPH", 0, 1, 2, 3, 4, 5), lossy)), StringComparison.Ordinal);
        Assert.Contains(
            "unknown compression", Fault(Riff(Extended(0x10, 2, 3), Chunk("ALPH", 2, 1, 2, 3, 4, 5, 6), lossy)), StringComparison.Ordinal);
        Assert.Contains(
            "unknown compression",
            Fault(Riff(Extended(0x10, 2, 3), Chunk("ALPH", 0x40, 1, 2, 3, 4, 5, 6), lossy)),
            StringComparison.Ordinal);
        // Without the flag there is no alpha.
        Assert.Equal(2, ImageFile.Decode(Riff(Extended(0, 2, 3), Chunk("ALPH", 2, 1), lossy), "x").Width);
    }

    private static byte[] Read(string sample) => File.ReadAllBytes(GoldenFiles.PathOf("webp", sample));

    private static string Fault(byte[] file) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(file, "x")).Message;

    private static void TryDecode(byte[] file)
    {
        try
        {
            RgbImage image = ImageFile.Decode(file, "hostile", Small);
            Assert.True((long)image.Width * image.Height <= Small.MaxPixels);
        }
        catch (ImageFormatException e)
        {
            Assert.StartsWith("hostile", e.Message, StringComparison.Ordinal);
        }
    }
}
