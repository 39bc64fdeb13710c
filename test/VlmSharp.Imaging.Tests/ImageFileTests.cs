using System.Buffers.Binary;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Imaging.Tests.Png;

namespace VlmSharp.Imaging.Tests;

/// <summary>Limits, settings and the words of errors.</summary>
public class ImageFileTests
{
    [Fact]
    public void AHugePngIsRefusedBeforeAllocation()
    {
        // Only the claim counts: 20000 x 20000, followed by one megabyte of arbitrary bytes.
        byte[] file = PngFile.Of(20000, 20000, new byte[1 << 20]);
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
        byte[] png = PngFile.Of(9000, 9000, new byte[100]);
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
    public void A_path_and_a_stream_have_the_same_faults()
    {
        using var scratch = new TemporaryFolder();
        string path = scratch.At("photo.png");
        var small = new ImageOptions { MaxFileBytes = 20 };
        foreach (string text in (string[])["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "<!DOCTYPE html><html></html>"])
        {
            File.WriteAllText(path, text);
            foreach (ImageOptions options in (ImageOptions[])[small, ImageOptions.Default])
            {
                var ofPath = Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, options));
                using FileStream stream = File.OpenRead(path);
                var ofStream = Assert.Throws<ImageFormatException>(() => ImageFile.Load(stream, path, options));
                Assert.Equal((ofStream.Fault, ofStream.Message), (ofPath.Fault, ofPath.Message));
                Assert.Equal(options == small ? ImageFault.OverLimit : ImageFault.Unsupported, ofPath.Fault);
            }
        }
    }

    [Fact]
    public void A_stream_that_does_not_fit_in_memory_is_over_a_limit()
    {
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Load(new FullMemory(), "photo"));
        Assert.Equal(ImageFault.OverLimit, error.Fault);
        Assert.StartsWith("photo does not fit in the memory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LimitsCanBeSet()
    {
        string path = GoldenFiles.PathOf("images", "png_rgb_33x17.png");
        Assert.Equal(33, ImageFile.Load(path, new ImageOptions { MaxPixels = 33 * 17 }).Width);
        Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxPixels = 33 * 17 - 1 }));
        Assert.Contains(
            "32 per side",
            Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxSide = 32 })).Message,
            StringComparison.Ordinal);
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
    [InlineData("\0\0\0\x18" + "ftypheic", "HEIC")]
    [InlineData("\0\0\0\x18" + "ftypavif", "AVIF")]
    [InlineData("II*\0", "TIFF")]
    [InlineData("MM\0*", "TIFF")]
    [InlineData("\0\0\x01\0\x01\0", "Windows icon")]
    [InlineData("\0\0\x02\0\x01\0", "Windows icon")] // a cursor
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
        Assert.Equal(
            $"{path} does not exist; give the path of a picture.", Assert.Throws<ImageFormatException>(() => ImageFile.Load(path)).Message);
    }

    /// <summary>Not even where the caller allows it: no array holds it.</summary>
    [Fact]
    public void AFileBeyondAnArrayIsRefused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.At("hole.png");
        using (FileStream file = File.Create(path)) file.SetLength(3L << 30); // takes no room on the disk
        var error = Assert.Throws<ImageFormatException>(() => ImageFile.Load(path, new ImageOptions { MaxFileBytes = long.MaxValue }));
        Assert.Contains($"has more than {Array.MaxLength - 1} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APipeIsReadAndADeviceIsNoPicture()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        string pipe = folder.At("pipe"), picture = GoldenFiles.PathOf("images", "jpg_exif6.jpg");
        (int code, _, _) = await Tool.RunAsync("mkfifo", [pipe]);
        Assert.Equal(0, code);
        using System.Diagnostics.Process writing = Tool.Start("/bin/sh", ["-c", $"cat '{picture}' > '{pipe}'"]);
        Assert.Equal(ImageFile.Load(picture).Pixels, ImageFile.Load(pipe).Pixels);
        await writing.WaitForExitAsync();
        string message = Assert.Throws<ImageFormatException>(() => ImageFile.Load("/dev/zero")).Message;
        Assert.Equal("/dev/zero cannot be read: it is a device and no regular file; give the path of a picture.", message);
        Assert.Contains("is empty", Assert.Throws<ImageFormatException>(() => ImageFile.Load("/dev/null")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnEndlessPipeIsCutOff()
    {
        if (OperatingSystem.IsWindows()) return;
        using var endless = new System.Diagnostics.Process { StartInfo = new("cat", ["/dev/zero"]) { RedirectStandardOutput = true } };
        endless.Start();
        var options = new ImageOptions { MaxFileBytes = 1 << 20 };
        Assert.Contains("more than 1048576 bytes", Assert.Throws<ImageFormatException>(() =>
            ImageFile.Load(endless.StandardOutput.BaseStream, options: options)).Message, StringComparison.Ordinal);
        endless.Kill();
    }

    private static string Fault(byte[] bytes) => Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "photo")).Message;

    private sealed class FullMemory : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer) => throw new InsufficientMemoryException();
    }
}
