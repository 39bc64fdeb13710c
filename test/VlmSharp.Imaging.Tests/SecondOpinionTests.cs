using StbImageSharp;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using Xunit.Abstractions;

namespace VlmSharp.Imaging.Tests;

/// <summary>
/// Another decoder's opinion on the golden pictures, by a library that shares no code with ours: StbImageSharp. Where formats leave no
/// choice its pixels are ours; a JPEG's transform and upsampling are a choice, and there it is near.
/// </summary>
public class SecondOpinionTests(ITestOutputHelper output)
{
    // What Pillow does otherwise: 16-bit gray saturates at 255, and gray of one channel beside a color key or alpha stays as it is.
    private static readonly string[] OtherChoice = ["png_16bit_gray.png", "pngx_gray16.png", "pngx_gray16_adam7.png"];

    [Theory]
    [InlineData("*.png")]
    [InlineData("*.bmp")]
    [InlineData("*.gif")]
    public void Lossless_formats_have_the_same_pixels(string pattern)
    {
        int compared = 0;
        foreach (string path in Files(pattern).Where(path => !OtherChoice.Contains(Path.GetFileName(path))))
        {
            (RgbImage ours, ImageResult theirs) = Both(path);
            Assert.True(ours.Pixels.AsSpan().SequenceEqual(theirs.Data), Path.GetFileName(path));
            compared++;
        }
        output.WriteLine($"{compared} files of {pattern} have the same pixels");
        Assert.True(compared > 0);
    }

    [Fact]
    public void Jpeg_is_near()
    {
        int equal = 0, compared = 0, worst = 0;
        double sum = 0;
        foreach (string path in Files("*.jpg").Where(Supported))
        {
            (RgbImage ours, ImageResult theirs) = Both(path);
            long difference = 0;
            for (int i = 0; i < theirs.Data.Length; i++)
            {
                int here = Math.Abs(ours.Pixels[i] - theirs.Data[i]);
                difference += here;
                worst = Math.Max(worst, here);
            }
            double mean = difference / (double)theirs.Data.Length;
            Assert.True(mean < 3, $"{Path.GetFileName(path)} differs by {mean:F2} in the mean");
            sum += mean;
            compared++;
            if (difference == 0) equal++;
        }
        output.WriteLine($"{equal} of {compared} JPEGs are equal; mean difference {sum / compared:F3}, the largest {worst}");
        Assert.True(compared > 50);
    }

    // Orientation is not looked at there, CMYK is taken for uninverted, and other transforms differ by design.
    private static bool Supported(string path) =>
        !(Path.GetFileName(path) is "jpg_cmyk.jpg" or "jpgx_arithmetic_64x64.jpg" || path.Contains("nonint", StringComparison.Ordinal));

    private static IEnumerable<string> Files(string pattern) =>
        Directory.GetFiles(GoldenFiles.PathOf("images"), pattern).Order(StringComparer.Ordinal);

    private static (RgbImage Ours, ImageResult Theirs) Both(string path) =>
        (ImageFile.Load(path, new ImageOptions { ApplyExifOrientation = false }),
        ImageResult.FromMemory(File.ReadAllBytes(path), ColorComponents.RedGreenBlue));
}
