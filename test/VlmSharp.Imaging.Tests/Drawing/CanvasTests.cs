using VlmSharp.Imaging;
using VlmSharp.Imaging.Drawing;

namespace VlmSharp.Imaging.Tests.Drawing;

/// <summary>Rectangles, tints and text, pixel by pixel.</summary>
public sealed class CanvasTests
{
    private static readonly Rgb Red = new(200, 10, 20);

    [Fact]
    public void Frames_are_rims_inside_of_their_rectangle()
    {
        var image = new RgbImage(10, 8);
        new Canvas(image).Frame(new PixelRegion(1, 2, 8, 7), 2, Red);
        Assert.Equal("""
            ..........
            ..........
            .#######..
            .#######..
            .##...##..
            .#######..
            .#######..
            ..........
            """, Show(image));
    }

    [Theory, InlineData(-3, -3, 5, 5), InlineData(8, 6, 50, 50), InlineData(-100, -100, 1000, 1000), InlineData(20, 20, 5, 5),
        InlineData(0, 0, -1, -1)]
    public void What_lies_outside_is_left_out(int x, int y, int width, int height)
    {
        var image = new RgbImage(10, 8);
        var canvas = new Canvas(image);
        canvas.Fill(new PixelRegion(x, y, x + width, y + height), Red);
        for (int row = 0; row < 8; row++)
            for (int column = 0; column < 10; column++)
                Assert.Equal(column >= x && column < x + width && row >= y && row < y + height, image.Row(row)[3 * column] == 200);
        canvas.Frame(new PixelRegion(x, y, x + width, y + height), 3, Red);
        canvas.Text(x, y, "clipped", 2, Red);
        canvas.Tint(x, y, new GrayImage(30, 30), Red, 1);
        canvas.Outline(x, y, new GrayImage(30, 30), 2, Red);
    }

    [Fact]
    public void Tints_mix_as_far_as_the_mask_says()
    {
        var image = new RgbImage(3, 1, [100, 100, 100, 100, 100, 100, 100, 100, 100]);
        var mask = new GrayImage(3, 1);
        (mask.Pixels[0], mask.Pixels[1], mask.Pixels[2]) = (0, 102, 255);
        new Canvas(image).Tint(0, 0, mask, Red, 0.5f);
        Assert.Equal([100, 100, 100, 120, 82, 84, 150, 55, 60], image.Pixels);
    }

    [Fact]
    public void Outlines_follow_the_mask()
    {
        const string shape = "..####. .#####. #####.. .###... ....... .#.....";
        string[] rows = shape.Split(' ');
        var mask = new GrayImage(7, 6);
        for (int i = 0; i < mask.Pixels.Length; i++) mask.Pixels[i] = (byte)(rows[i / 7][i % 7] == '#' ? 128 : 127);
        var image = new RgbImage(8, 6);
        new Canvas(image).Outline(1, 0, mask, 1, Red);
        Assert.Equal("""
            ...####.
            ..#...#.
            .#...#..
            ..###...
            ........
            ..#.....
            """, Show(image));
    }

    [Fact]
    public void Text_is_drawn_in_whole_multiples_of_the_font()
    {
        var small = new RgbImage(17, 9);
        new Canvas(small).Text(0, 0, "aG\u00e9", 1, Red); // the last has no glyph: an empty box
        Assert.Equal("""
            .......###..#####
            ......#...#.#...#
            .###..#.....#...#
            ....#.#.###.#...#
            .####.#...#.#...#
            #...#.#...#.#...#
            .####..###..#####
            .................
            .................
            """, Show(small));
        var large = new RgbImage(3 * 17, 3 * 9);
        new Canvas(large).Text(0, 0, "aG\u00e9", 3, Red);
        for (int y = 0; y < large.Height; y++)
            for (int x = 0; x < large.Width; x++) Assert.Equal(small.Row(y / 3)[x / 3 * 3], large.Row(y)[3 * x]);
    }

    /// <summary>Every printable character of ASCII has its own shape; only the space has none.</summary>
    [Fact]
    public void The_font_has_ascii()
    {
        string[] shapes =
        [
            .. Enumerable.Range(' ', '~' - ' ' + 2)
                .Select(c => string.Concat(Enumerable.Range(0, 45).Select(i => BitmapFont.IsInk((char)c, i % 5, i / 5) ? '#' : '.')))
        ];
        Assert.Equal(96, shapes.Distinct().Count());
        Assert.DoesNotContain('#', shapes[0]);
        Assert.All(shapes[1..], shape => Assert.Contains('#', shape));
        Assert.Equal(17, BitmapFont.Width(3));
        Assert.Equal(0, BitmapFont.Width(0));
    }

    /// <summary>WCAG's ratio for text is 4.5; the palette's colors are all far enough from black or white.</summary>
    [Fact]
    public void Ink_stands_out_on_every_color()
    {
        for (int i = 0; i < 7; i++)
        {
            Rgb color = Palette.Color(i);
            double a = Luminance(color) + 0.05, b = Luminance(color.Ink()) + 0.05;
            Assert.True(Math.Max(a, b) / Math.Min(a, b) >= 4.5, $"{color}");
            Assert.Equal(color, Palette.Color(i + 7));
        }

        Assert.Equal(Rgb.White, Rgb.Black.Ink());
        Assert.Equal(Rgb.Black, Rgb.White.Ink());
    }

    private static double Luminance(Rgb c) => 0.2126 * Linear(c.Red) + 0.7152 * Linear(c.Green) + 0.0722 * Linear(c.Blue);

    private static double Linear(byte v) => v <= 10 ? v / 255.0 / 12.92 : Math.Pow((v / 255.0 + 0.055) / 1.055, 2.4);

    private static string Show(RgbImage image) =>
        string.Join(
            '\n',
            Enumerable.Range(0, image.Height)
                .Select(y => string.Concat(Enumerable.Range(0, image.Width).Select(x => image.Row(y)[3 * x] == 200 ? '#' : '.'))));
}
