using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

public class ImageWritersTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(640, 3)]
    public void WhatIsWrittenReadsBack(int width, int height)
    {
        RgbImage image = Pictures.Noise(width, height);
        foreach (Action<RgbImage, Stream> write in new Action<RgbImage, Stream>[] { PngWriter.Write, PpmWriter.Write })
        {
            using var stream = new MemoryStream();
            write(image, stream);
            RgbImage read = ImageFile.Decode(stream.ToArray(), "written");
            Assert.Equal((width, height), (read.Width, read.Height));
            Assert.Equal(image.Pixels, read.Pixels);
        }
    }

    [Fact]
    public void A_large_png_is_written_in_chunks_of_bounded_size()
    {
        RgbImage image = Pictures.Noise(300, 200);
        using var stream = new MemoryStream();
        PngWriter.Write(image, stream);
        byte[] file = stream.ToArray();
        int chunks = 0;
        for (int at = 8; at < file.Length;)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            Assert.InRange(length, 0, 1 << 16);
            if (file.AsSpan(at + 4).StartsWith("IDAT"u8)) chunks++;
            at += length + 12;
        }

        Assert.Equal(3, chunks); // noise of 180 000 bytes does not compress
        Assert.Equal(image.Pixels, ImageFile.Decode(file, "written").Pixels);
    }

    [Theory, InlineData(1, 1), InlineData(7, 5), InlineData(64, 33)]
    public void GrayPicturesComeBack(int width, int height)
    {
        var image = new GrayImage(width, height);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(i * 37 % 251);
        using var stream = new MemoryStream();
        PngWriter.Write(image, stream);
        byte[] file = stream.ToArray();
        Assert.Equal([8, 0], file[24..26]); // 8 bits, gray
        RgbImage read = ImageFile.Decode(file, "written");
        Assert.Equal((width, height), (read.Width, read.Height));
        for (int i = 0; i < read.Pixels.Length; i++) Assert.Equal(image.Pixels[i / 3], read.Pixels[i]);
    }

    [Fact]
    public void PpmHasTheShortestHeader()
    {
        using var stream = new MemoryStream();
        PpmWriter.Write(new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]), stream);
        Assert.Equal([.. Encoding.ASCII.GetBytes("P6\n2 1\n255\n"), 1, 2, 3, 4, 5, 6], stream.ToArray());
    }

    [Fact]
    public void SmoothPicturesCompress()
    {
        var image = new RgbImage(256, 256);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(i / 768 + i / 3 % 256);
        using var stream = new MemoryStream();
        PngWriter.Write(image, stream);
        Assert.True(stream.Length < 4000, $"{stream.Length} bytes");
    }

    [Fact]
    public void SaveAndLoad()
    {
        string path = Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}");
        RgbImage image = Pictures.Noise(5, 4);
        try
        {
            PngWriter.Save(image, path);
            Assert.Equal(image.Pixels, ImageFile.Load(path).Pixels);
            PpmWriter.Save(image, path);
            Assert.Equal(image.Pixels, ImageFile.Load(path).Pixels);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
