using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Core.Tests.Imaging;

/// <summary>Damaged files of every format give a picture or an <see cref="ImageFormatException"/>, nothing else, and soon.</summary>
public class HostileImagesTests
{
    private static readonly ImageOptions Small = new() { MaxPixels = 1 << 20 };

    public static TheoryData<string> Files =>
    [
        "pngx_rgb8_adam7.png", "pngx_pal2.png", "pngx_gray16.png", "pngx_rgba16.png", "png_rgb_33x17.png",
        "jpgx_411_17x9.jpg", "jpgx_prog_rst_17x9.jpg", "jpgx_440prog_17x9.jpg", "jpgx_nonint_17x9.jpg", "jpgx_rst1_64x64.jpg",
        "jpgx_q100_17x9.jpg", "jpg_gray_1x1.jpg", "jpg_exif6.jpg", "jpg_cmyk.jpg",
        "bmp1.bmp", "bmp8.bmp", "bmp24.bmp", "gif.gif", "pgm.pgm", "ppm.ppm",
        "webp_lossy.webp", "webp_lossless.webp", "webp_alpha.webp",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void TruncatedAnywhere(string file)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf("images", file));
        // Every length through the headers, then in larger and larger steps.
        for (int length = 0; length < bytes.Length; length += 1 + length / 60)
            TryDecode(bytes.AsSpan(0, length), $"{file} cut to {length}");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void MutatedAnywhere(string file)
    {
        byte[] bytes = File.ReadAllBytes(GoldenFiles.PathOf("images", file));
        var random = new Random(12345);
        int rounds = Math.Clamp(600_000 / bytes.Length, 60, 500);
        for (int round = 0; round < rounds; round++)
        {
            byte[] mutant = [.. bytes];
            int changes = 1 + random.Next(4);
            for (int i = 0; i < changes; i++)
            {
                // Half of the changes hit the headers.
                int at = random.Next(2) == 0 ? random.Next(Math.Min(mutant.Length, 700)) : random.Next(mutant.Length);
                mutant[at] = random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => (byte)(mutant[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(256) };
            }
            FixChecksums(mutant);
            TryDecode(mutant, $"{file}, mutation {round}");
        }
    }

    // Otherwise the checksums of PNG would keep mutations away from everything behind them.
    private static void FixChecksums(byte[] png)
    {
        if (!png.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']))
            return;
        int at = 8;
        while (at + 12 <= png.Length)
        {
            uint length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12)
                return;
            uint crc = VlmSharp.Imaging.Png.Crc32.Of(png.AsSpan(at + 4, (int)length + 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), crc);
            at += (int)length + 12;
        }
    }

    private static void TryDecode(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            RgbImage image = ImageFile.Decode(bytes, "hostile", Small);
            Assert.True((long)image.Width * image.Height <= Small.MaxPixels);
        }
        catch (ImageFormatException e)
        {
            Assert.StartsWith("hostile", e.Message, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {e}");
        }
    }
}
