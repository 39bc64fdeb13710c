using VlmSharp.Conformance;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Imaging;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>Pictures of one format: a decoded picture has the size that it reports, and every pixel can be read.</summary>
internal sealed class ImageTarget(string name, PartMutator? parts, string[] files) : FuzzTarget
{
    /// <summary>What <see cref="ImageOptions.MaxPixels"/> states.</summary>
    private const int BytesPerPixel = 15;

    /// <summary>A JPEG may redefine its Huffman tables repeatedly, 1.3 KB for each 17 bytes; the previous table is then garbage.</summary>
    private const long BytesPerFileByte = 96;

    private static readonly ImageOptions Small = new() { MaxPixels = 1 << 18, MaxJpegScans = 32 };

    public override string Name => name;

    public override Type Rejection => typeof(ImageFormatException);

    protected override Func<byte[], Random, byte[], byte[]>? Structured => parts is null ? null : parts.Mutate;

    public static IEnumerable<Func<FuzzTarget>> All() =>
    [
        () => new ImageTarget("png", new PngMutator(), [
            "png_rgb_1x1.png", "png_rgb_33x17.png", "png_palette_transparent.png", "pngx_gray1.png", "pngx_gray2_adam7.png",
            "pngx_gray8_key.png",
            "pngx_pal4.png", "pngx_pal1_adam7.png", "pngx_gray16.png", "pngx_rgba16_adam7.png", "pngx_rgb8_adam7.png",
            "pngx_3x2_adam7.png", "pngx_gamma.png"]),
        () => new ImageTarget("jpeg-baseline", new JpegMutator(), [
            "jpg_gray_1x1.jpg", "jpg_gray_33x17.jpg", "jpgx_411_17x9.jpg", "jpgx_410_17x9.jpg", "jpgx_mixed_17x9.jpg", "jpgx_rgb_17x9.jpg",
            "jpgx_nonint_17x9.jpg", "jpgx_rst1_64x64.jpg", "jpgx_q100_17x9.jpg", "jpgx_arithmetic_64x64.jpg", "jpg_exif6.jpg",
            "jpg_cmyk.jpg"]),
        () => new ImageTarget("jpeg-progressive", new JpegMutator(), [
            "jpgx_411prog_17x9.jpg", "jpgx_prog_rst_17x9.jpg", "jpgx_440prog_64x64.jpg", "jpgx_422prog_17x9.jpg", "jpg_prog_97x431.jpg"]),
        () => new ImageTarget("bmp", null, ["bmp1.bmp", "bmp8.bmp", "bmp24.bmp"]),
        () => new ImageTarget("gif", null, ["gif.gif"]),
        () => new ImageTarget("tga", null, [
            "l.tga", "la_rle.tga", "rgb.tga", "rgb_rle_top.tga", "rgba_rle.tga", "palette.tga", "rgb15.tga"]),
        () => new ImageTarget("psd", null, ["rgb3.psd", "rgb4.psd", "rgb3_rle.psd", "rgb4_rle.psd"]),
        () => new ImageTarget("netpbm", null, ["pgm.pgm", "ppm.ppm"]),
        () => new ImageTarget("webp-lossy", new RiffMutator(), [
            "lossy_1x1.webp", "lossy_17x9.webp", "lossy_15x33.webp", "lossy_simple_filter.webp", "lossy_strong_filter.webp",
            "lossy_sharpness7.webp",
            "lossy_segments.webp", "lossy_8_partitions.webp", "lossy_q100.webp", "exif_orientation6.webp", "animation_lossy.webp"]),
        () => new ImageTarget("webp-lossless", new RiffMutator(), [
            "lossless_1x1.webp", "lossless_2x3.webp", "lossless_2_colors.webp", "lossless_17_colors.webp", "lossless_256_colors.webp",
            "lossless_16x16.webp",
            "lossless_alpha.webp", "lossless_gradients.webp", "lossless_noise.webp", "lossless_fast.webp", "animation_lossless.webp"]),
        () => new ImageTarget("webp-alpha", new RiffMutator(), [
            "alpha_plain.webp", "alpha_plain_gradient.webp", "alpha_lossless_vertical.webp", "alpha_lossless_horizontal.webp",
            "alpha_filter_best.webp",
            "alpha_two_levels.webp", "animation_alpha.webp", "lossy_17x9.webp"]),
    ];

    public override long MostAllocation(int inputBytes) => Small.MaxPixels * BytesPerPixel + BytesPerFileByte * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        foreach (string file in files)
            yield return new Seed(file, File.ReadAllBytes(GoldenFiles.PathOf(FolderOf(file), file)));
        foreach (Seed seed in Tiny().Where(seed => seed.Name.StartsWith(name, StringComparison.Ordinal))) yield return seed;
    }

    private static string FolderOf(string file) => Path.GetExtension(file) switch
    {
        ".webp" => "webp",
        ".tga" or ".psd" => "corners",
        _ => "images",
    };

    public override bool Use(byte[] bytes)
    {
        RgbImage image;
        try
        {
            image = ImageFile.Decode(bytes, FileName, Small);
        }
        catch (ImageFormatException e)
        {
            Assert.StartsWith(FileName, e.Message, StringComparison.Ordinal);
            throw;
        }
        Assert.InRange((long)image.Width * image.Height, 1, Small.MaxPixels);
        long sum = 0;
        for (int y = 0; y < image.Height; y++)
            foreach (byte value in image.Row(y)) sum += value;
        Assert.InRange(sum, 0, 255L * image.Pixels.Length);
        return true;
    }

    /// <summary>Files of kinds that the golden files do not cover.</summary>
    private static IEnumerable<Seed> Tiny()
    {
        yield return new Seed("netpbm-plain-p3", "P3\n# a comment\n3 2\n15\n0 1 2 3 4 5 6 7 8\n9 10 11 12 13 14 15 0 1\n"u8.ToArray());
        yield return new Seed("netpbm-plain-p2", "P2 4 1 65535 0 65535 1 30000"u8.ToArray());
        yield return new Seed("netpbm-plain-p1", "P1\n4 2\n0101\n1 0 1 0\n"u8.ToArray());
        yield return new Seed("netpbm-p4", [.. "P4\n9 2\n"u8, 0xAA, 0x80, 0x55, 0]);
        yield return new Seed("netpbm-p6-16bit", [.. "P6\n1 2\n300\n"u8, 1, 0, 0, 9, 1, 44, 0, 0, 1, 1, 0, 2]);
        // 4 x 2 pixels, 8 bits, run-length encoded, two colors.
        yield return new Seed("bmp-rle8", [
            (byte)'B', (byte)'M', 74, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0, 0,
            12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 8, 7, 0, 200, 100, 50, 0, 4, 1, 0, 0, 0, 3, 1, 0, 1, 0, 0, 1]);
        // 1 x 1 pixel, 16 bits, with masks.
        yield return new Seed("bmp-masks", [
            (byte)'B', (byte)'M', 70, 0, 0, 0, 0, 0, 0, 0, 66, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 16, 0, 3, 0, 0, 0,
            4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0, 0x34, 0x12, 0, 0]);
        // 2 x 1 pixels: the smallest GIF with two colors.
        yield return new Seed("gif-tiny", [
            .. "GIF89a"u8, 2, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 2, 0, 1, 0, 0, 2, 2, 0x44, 0x0A, 0, 0x3B]);
    }
}
