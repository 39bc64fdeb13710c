using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>From 64 x 64 numbers to pixels of the picture, run lengths and boxes.</summary>
public sealed class SegmentationMaskTests
{
    /// <summary>A box of 64 x 64 pixels shows the numbers themselves.</summary>
    [Fact]
    public void A_mask_at_its_own_size_shows_its_numbers()
    {
        float[] values = Values((x, y) => (x - 32) / 20f + y / 100f);
        var mask = new SegmentationMask(values, new Box(10, 20, 74, 84), 200, 100);
        GrayImage image = mask.ToImage();
        RunLengthMask runs = mask.ToRunLength();
        bool[] bits = Bits(runs);
        for (int y = 0; y < 100; y++)
            for (int x = 0; x < 200; x++)
            {
                bool inside = x is >= 10 and < 74 && y is >= 20 and < 84;
                float value = inside ? values[(y - 20) * 64 + x - 10] : -1;
                Assert.Equal((byte)(Math.Clamp(0.5f * value + 0.5f, 0, 1) * 255), image.Row(y)[x]);
                Assert.Equal(inside && value > 0, bits[y * 200 + x]);
            }
    }

    /// <summary>
    /// At twice the size, bilinear with pixel centers, the weights between two samples are 3/4 and 1/4; at the edge the sample itself
    /// counts.
    /// </summary>
    [Fact]
    public void Measured_masks_are_bilinear()
    {
        // crosses 0 at 31.5 + 1 / 3.9 = 31.756 in samples, 64.01 in pixels of twice the size
        float[] values = Values((x, _) => x < 32 ? -1 : 2.9f);
        bool[] bits = Bits(new SegmentationMask(values, new Box(0, 0, 128, 128), 128, 128).ToRunLength());
        // the center of pixel 63 is at 31.25 in samples, that of 64 at 31.75: -1 + 3.9 * 0.75 > 0
        for (int x = 0; x < 128; x++) Assert.Equal(x >= 64, bits[5 * 128 + x]);
        float[] steep = Values((x, _) => x < 32 ? -1 : 3.1f);
        bits = Bits(new SegmentationMask(steep, new Box(0, 0, 128, 128), 128, 128).ToRunLength());
        Assert.True(bits[63] && !bits[62]); // -1 + 4.1 * 0.25 > 0
    }

    /// <summary>The display path is the project's own bicubic resize.</summary>
    [Fact]
    public void Shown_masks_are_resized_as_pictures_are()
    {
        float[] values = Values((x, y) => MathF.Sin(x * 0.7f) + MathF.Cos(y * 0.3f));
        var mask = new SegmentationMask(values, new Box(3, 4, 103, 44), 120, 60);
        var small = new RgbImage(64, 64);
        for (int i = 0; i < values.Length; i++) small.Pixels.AsSpan(3 * i, 3).Fill((byte)(Math.Clamp(0.5f * values[i] + 0.5f, 0, 1) * 255));
        RgbImage large = small.Resize(100, 40);
        GrayImage alpha = mask.ToAlpha();
        Assert.Equal((100, 40), (alpha.Width, alpha.Height));
        for (int i = 0; i < alpha.Pixels.Length; i++) Assert.Equal(large.Pixels[3 * i], alpha.Pixels[i]);
    }

    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0, 1, 1)] // empty boxes are one pixel
    [InlineData(100, 50, 100, 50, 99, 49, 1, 1)] // clipped to the picture
    [InlineData(10.5, 10.5, 11.5, 12.5, 10, 10, 2, 2)] // ties to even, as Python's round
    [InlineData(-5, -5, 500, 500, 0, 0, 100, 50)]
    public void Boxes_cover_whole_pixels(float x0, float y0, float x1, float y1, int x, int y, int width, int height)
    {
        Assert.Equal(new PixelRegion(x, y, x + width, y + height), new Box(x0, y0, x1, y1).Pixels(100, 50));
        var mask = new SegmentationMask(Values((_, _) => 1), new Box(x0, y0, x1, y1), 100, 50);
        Assert.Equal(width * height, mask.ToRunLength().Area);
        Assert.Equal(width * height, mask.ToImage().Pixels.Count(p => p == 255));
        Assert.Equal(new Box(x, y, x + width, y + height), mask.ToRunLength().BoundingBox);
    }

    [Fact]
    public void Several_masks_share_a_picture()
    {
        SegmentationMask left = new(Values((_, _) => 1), new Box(0, 0, 6, 4), 10, 4),
            right = new(Values((_, _) => 0), new Box(4, 0, 10, 4), 10, 4);
        Assert.Equal([255, 255, 255, 255, 255, 255, 127, 127, 127, 127], SegmentationMask.ToImage([left, right], 10, 4).Row(2).ToArray());
        Assert.Throws<ArgumentException>(() => SegmentationMask.ToImage([left], 10, 5));
    }

    /// <summary>
    /// By hand: 3 rows and 4 columns with the thing at (row 1, column 1), (2, 1) and (0, 2). Column by column, 3 + 1 pixels are outside, 3
    /// inside, and the rest outside.
    /// </summary>
    [Fact]
    public void Runs_go_down_the_columns()
    {
        var runs = new RunLengthBuilder();
        foreach (char pixel in "000" + "011" + "100" + "000") runs.Add(1, pixel == '1');
        RunLengthMask mask = runs.ToMask(width: 4, height: 3);
        Assert.Equal([4, 3, 5], mask.Counts);
        Assert.Equal(3, mask.Area);
        Assert.Equal(new Box(1, 0, 3, 3), mask.BoundingBox); // a run that crosses the end of a column
    }

    /// <summary>
    /// COCO's strings, worked out from their definition: 4 bits and a sign in the last character of a number, 5 bits in the others;
    /// from the fourth number on, the difference from the number two places before.
    /// </summary>
    [Theory]
    [InlineData(new[] { 4, 3, 5 }, 4, 3, "435")]
    [InlineData(new[] { 0, 12 }, 4, 3, "0<")]
    [InlineData(new[] { 12 }, 4, 3, "<")]
    [InlineData(new[] { 16 }, 4, 4, "`0")] // 16 needs a second character, or its bit 4 would be the sign
    [InlineData(new[] { 100 }, 10, 10, "T3")] // 100 = 3 * 32 + 4
    [InlineData(new[] { 10, 2, 8, 2, 8, 70 }, 10, 10, ":2800T2")] // 10, 2, 8, 2 - 2, 8 - 8, 70 - 2 = 2 * 32 + 4
    public void Strings_are_those_of_coco(int[] counts, int width, int height, string expected)
    {
        var mask = new RunLengthMask(width, height, counts);
        Assert.Equal(expected, mask.ToCompressed());
        Assert.Equal(counts, RunLengthMask.FromCompressed(width, height, expected).Counts);
    }

    [Fact]
    public void Strings_are_read_back()
    {
        var random = new Random(5);
        for (int round = 0; round < 100; round++)
        {
            int width = random.Next(1, 100), height = random.Next(1, 100);
            var runs = new RunLengthBuilder();
            int longest = 1 << random.Next(1, 13);
            for (int left = width * height; left > 0;)
            {
                int run = Math.Min(left, random.Next(1, longest));
                runs.Add(run, random.Next(2) == 0);
                left -= run;
            }

            RunLengthMask mask = runs.ToMask(width, height);
            Assert.Equal(mask.Counts, RunLengthMask.FromCompressed(width, height, mask.ToCompressed()).Counts);
            (bool[] bits, Box box) = (Bits(mask), mask.BoundingBox);
            int[] set = [.. Enumerable.Range(0, bits.Length).Where(i => bits[i])];
            Assert.Equal(set.Length, mask.Area);
            if (set.Length == 0) Assert.Equal(default, box);
            else
            {
                Assert.Equal(
                    new Box(set.Min(i => i % width), set.Min(i => i / width), set.Max(i => i % width) + 1, set.Max(i => i / width) + 1),
                    box);
            }
        }
    }

    [Theory, InlineData("P"), InlineData("zz"), InlineData("5"), InlineData("oooooooooooo0"), InlineData("\u0100"), InlineData("O4")]
    public void Other_strings_are_refused(string text) => Assert.Throws<FormatException>(() => RunLengthMask.FromCompressed(4, 3, text));

    [Fact]
    public void Overlap_is_intersection_over_union()
    {
        var box = new Box(0, 0, 4, 4);
        Assert.Equal(1, box.IntersectionOverUnion(box));
        Assert.Equal(4f / 28, box.IntersectionOverUnion(new Box(2, 2, 6, 6)), 1e-6f);
        Assert.Equal(0, box.IntersectionOverUnion(new Box(4, 0, 8, 4)));
        Assert.Equal(0, default(Box).IntersectionOverUnion(default));
    }

    private static float[] Values(Func<int, int, float> f) => [.. Enumerable.Range(0, 64 * 64).Select(i => f(i % 64, i / 64))];

    /// <summary>Row-major bits of a mask.</summary>
    private static bool[] Bits(RunLengthMask mask)
    {
        var bits = new bool[mask.Width * mask.Height];
        int at = 0;
        for (int run = 0; run < mask.Counts.Count; run++)
            for (int end = at + mask.Counts[run]; at < end; at++) bits[at % mask.Height * mask.Width + at / mask.Height] = run % 2 == 1;
        return bits;
    }
}
