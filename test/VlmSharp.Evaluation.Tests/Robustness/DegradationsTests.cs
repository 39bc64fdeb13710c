using VlmSharp.Conformance;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Imaging;

namespace VlmSharp.Evaluation.Tests.Robustness;

public sealed class DegradationsTests
{
    private static readonly RgbImage Photo = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "car-key.png"));

    /// <summary>A stronger degradation changes the picture more, and the result is always the same.</summary>
    [Fact]
    public void More_is_worse_and_the_result_is_deterministic()
    {
        foreach (IGrouping<string, Variant> way in RobustnessCases.For(hasBoxes: false)
            .Where(v => v.Picture is not null && v.Name != "crop")
            .GroupBy(v => v.Name))
        {
            double before = 0;
            foreach (Variant variant in way)
            {
                RgbImage changed = variant.Picture!(Photo, 7);
                Assert.Equal((Photo.Width, Photo.Height), (changed.Width, changed.Height));
                Assert.Equal(changed.Pixels, variant.Picture(Photo, 7).Pixels);
                double now = Error(Photo, changed);
                Assert.True(now > before, $"{variant.Name} {variant.Level}: {now} is not above {before}.");
                before = now;
            }
        }
    }

    [Fact]
    public void A_blur_keeps_the_mean_and_levels_steps()
    {
        RgbImage half = Filled(64, 64, (x, _) => (byte)(x < 32 ? 0 : 200));
        RgbImage blurred = Degradations.Blur(half, 5); // sigma 3.2
        Assert.InRange(blurred.Pixels.Average(b => b), 98, 102);
        byte[] row = [.. Enumerable.Range(0, 64).Select(x => blurred.Row(20)[3 * x])];
        Assert.Equal(row.Order(), row);
        Assert.Equal((0, 200), (row[0], row[63]));
        // The distribution function of the normal at half a pixel: 200 (1 - Phi(0.5 / 3.2))
        Assert.InRange(row[31], 86, 89);
        Assert.Same(half, Degradations.Blur(half, 0));
    }

    [Fact]
    public void Noise_has_the_spread_that_was_asked_for()
    {
        RgbImage gray = Filled(128, 128, (_, _) => 128), noisy = Degradations.Noise(gray, 20, seed: 3);
        double[] difference = [.. noisy.Pixels.Select(b => b - 128.0)];
        Assert.InRange(difference.Average(), -0.5, 0.5);
        Assert.InRange(Math.Sqrt(difference.Average(d => d * d)), 19.5, 20.5);
        Assert.NotEqual(noisy.Pixels, Degradations.Noise(gray, 20, seed: 4).Pixels);
    }

    [Fact]
    public void A_turn_goes_clockwise()
    {
        RgbImage image = Filled(41, 41, (x, y) => (byte)(x == 20 && y == 5 ? 255 : 0)); // a point above the middle
        RgbImage turned = Degradations.Rotate(image, 90);
        Assert.InRange(turned.Row(20)[3 * 35], 250, 255); // lies to the right of the middle
        Assert.Equal(image.Pixels, Degradations.Rotate(image, 0).Pixels);
        Assert.Equal(128, Degradations.Rotate(image, 45).Pixels[0]); // outside of the original picture
    }

    [Fact]
    public void A_crop_is_the_middle()
    {
        RgbImage cropped = Degradations.Crop(Filled(10, 20, (x, y) => (byte)(10 * y + x)), 20);
        Assert.Equal((8, 16), (cropped.Width, cropped.Height));
        Assert.Equal(21, cropped.Pixels[0]);
        Assert.Equal((1, 1), (Degradations.Crop(new RgbImage(1, 1), 40).Width, Degradations.Crop(new RgbImage(1, 1), 40).Height));
    }

    /// <summary>
    /// The quantization steps that libjpeg writes at these qualities. A flat block has one coefficient, which is rounded.
    /// </summary>
    [Fact]
    public void Jpeg_loses_exactly_what_its_tables_round()
    {
        int[] table = [16, 11, 99];
        Assert.Equal(table, JpegLoss.Steps(table, 50));
        Assert.Equal([8, 6, 50], JpegLoss.Steps(table, 75));
        Assert.Equal([160, 110, 255], JpegLoss.Steps(table, 5));
        Assert.Equal([1, 1, 1], JpegLoss.Steps(table, 100));
        // 8 (137 - 128) = 72 is rounded to 80 = 5 steps of 16, so 128 + 80 / 8 = 138.
        Assert.All(JpegLoss.Apply(Filled(9, 17, (_, _) => 137), 50).Pixels, b => Assert.Equal(138, b));
        Assert.InRange(Error(Photo, JpegLoss.Apply(Photo, 100)), 0, 1);
    }

    [Theory]
    [InlineData("answer en how many cats are there?", "answer en how many cats there?", "answer en what is the number of cats are there?")]
    [InlineData("caption en", "caption", "caption en")]
    [InlineData("what is the title?", "what title?", "what is the title?")]
    public void Prompts_keep_their_task(string prompt, string brief, string counting)
    {
        Assert.Equal(brief.Replace(" there?", " there?", StringComparison.Ordinal), PromptVariants.VeryShort(prompt));
        Assert.Equal(counting, PromptVariants.Counting(prompt));
        string start = prompt.StartsWith("answer", StringComparison.Ordinal)
            ? "answer en "
            : prompt.StartsWith("caption", StringComparison.Ordinal) ? "caption en " : "";
        foreach (string other in new[] { PromptVariants.VeryLong(prompt), PromptVariants.Hypothetical(prompt) })
        {
            Assert.StartsWith(start, other, StringComparison.Ordinal);
            Assert.EndsWith(prompt[Math.Min(start.Length, prompt.Length)..], other, StringComparison.Ordinal);
            Assert.True(other.Length > prompt.Length + 20);
        }
    }

    private static double Error(RgbImage a, RgbImage b) => Math.Sqrt(a.Pixels.Zip(b.Pixels, (x, y) => (double)(x - y) * (x - y)).Average());

    private static RgbImage Filled(int width, int height, Func<int, int, byte> value)
    {
        var image = new RgbImage(width, height);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = value(i / 3 % width, i / 3 / width);
        return image;
    }
}
