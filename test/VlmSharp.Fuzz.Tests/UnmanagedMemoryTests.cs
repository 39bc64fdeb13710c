using System.Runtime.InteropServices;
using StbImageSharp;
using VlmSharp.Conformance;
using VlmSharp.Fuzz.Tests.Targets;
using VlmSharp.Imaging;
using Xunit.Abstractions;

namespace VlmSharp.Fuzz.Tests;

/// <summary>
/// StbImageSharp decodes into memory that it does not clear. The pixels of the formats that it decodes for VlmSharp must depend on the
/// file alone: each mutation is decoded twice, with freed memory full of zeros and full of ones. A cut-off JPEG shows that the
/// test can fail: its pixels differ.
/// </summary>
public sealed class UnmanagedMemoryTests(ITestOutputHelper output)
{
    private const int Iterations = 400;

    private static readonly ImageOptions Small = new() { MaxPixels = 1 << 14 };

    [Theory]
    [InlineData("tga")]
    [InlineData("psd")]
    public void Pixels_are_a_function_of_the_file(string format)
    {
        int accepted = 0;
        using FuzzTarget target = ImageTarget.All().Select(make => make()).Single(target => target.Name == format);
        for (int i = 0; i < Iterations; i++)
        {
            byte[] bytes = target.Input(i).Bytes;
            string zeros = Decode(bytes, 0x00), ones = Decode(bytes, 0xFF);
            Assert.True(zeros == ones, $"{format}:{i} depends on the memory before");
            if (zeros.Length > 0) accepted++;
        }
        output.WriteLine($"{accepted} of {Iterations} mutations of {format} are accepted, with the same pixels in both memories");
        Assert.True(accepted > 0);
    }

    [Fact]
    public void Memory_that_is_not_cleared_is_seen()
    {
        byte[] jpeg = File.ReadAllBytes(GoldenFiles.PathOf("images", "jpgx_prog_rst_64x64.jpg"))[..^200];
        byte[] tga = File.ReadAllBytes(GoldenFiles.PathOf("corners", "rgb.tga"))[..200];
        bool differs = ((byte[][])[jpeg, tga]).Any(bytes => Unguarded(bytes, 0x00) != Unguarded(bytes, 0xFF));
        Assert.True(differs, "neither a cut JPEG nor a cut TGA shows the memory before");
    }

    private static string Decode(byte[] bytes, byte fill)
    {
        Fill(fill);
        try
        {
            return Convert.ToHexString(ImageFile.Decode(bytes, "mutated", Small).Pixels);
        }
        catch (ImageFormatException)
        {
            return "";
        }
    }

    private static string Unguarded(byte[] bytes, byte fill)
    {
        Fill(fill);
        try
        {
            return Convert.ToHexString(ImageResult.FromMemory(bytes, ColorComponents.Default).Data);
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>Leaves blocks of many sizes, full of one byte, for those who allocate next.</summary>
    private static unsafe void Fill(byte value)
    {
        var blocks = new List<nint>();
        for (int size = 24; size < 1 << 17; size += size < 4096 ? 16 : size / 8)
        {
            nint block = Marshal.AllocHGlobal(size);
            new Span<byte>((void*)block, size).Fill(value);
            blocks.Add(block);
        }
        foreach (nint block in blocks) Marshal.FreeHGlobal(block);
    }
}
