using System.Buffers.Binary;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests.Jpeg;

public class JpegDecoderTests
{
    [Fact]
    public void DamageIsNamed()
    {
        byte[] jpeg = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpg_gray_33x17.jpg"));
        Assert.Equal(
            "photo is a truncated JPEG picture: it ends within its compressed data; copy or download the file again.", Fault(jpeg[..^40]));
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
}
