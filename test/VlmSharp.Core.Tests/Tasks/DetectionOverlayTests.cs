using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>What a drawing shows, and where.</summary>
public sealed class DetectionOverlayTests
{
    private static readonly (byte, byte, byte) Orange = (230, 159, 0), SkyBlue = (86, 180, 233);

    [Fact]
    public void Boxes_labels_and_masks_are_drawn_at_their_places()
    {
        RgbImage image = Gray(200, 160);
        var values = new float[64 * 64];
        for (int i = 0; i < values.Length; i++) values[i] = i % 64 < 32 ? 1 : -1;
        var box = new Box(50, 60, 150, 120);
        RgbImage drawn = DetectionOverlay.Draw(image, [new Detection(box, "cat", 0.5f, null, new SegmentationMask(values, box, 200, 160))]);
        Assert.All(image.Pixels, p => Assert.Equal(128, p)); // the picture itself is untouched
        Assert.Equal(Orange, At(drawn, 50, 60));
        Assert.Equal(Orange, At(drawn, 149, 119));
        Assert.Equal((128, 128, 128), At(drawn, 150, 120));
        Assert.Equal((179, 144, 64), At(drawn, 70, 90)); // half orange: the mask's left half
        Assert.Equal((128, 128, 128), At(drawn, 130, 90)); // its right half
        Assert.Equal(Orange, At(drawn, 51, 59)); // the label, above
        Assert.Equal((128, 128, 128), At(drawn, 51, 60 - 14));
        Assert.Equal(8 * 6 - 1 + 4, Enumerable.Range(0, 200).Count(x => At(drawn, x, 60 - 13) == Orange)); // "cat 0.50" and its margins
        Assert.Contains(Enumerable.Range(50, 51), x => At(drawn, x, 60 - 9) == (0, 0, 0)); // with black ink
    }

    [Fact]
    public void Each_label_has_a_color_and_things_of_one_label_can_be_told_apart()
    {
        Detection Make(float x, string label) => new(new Box(x, 50, x + 30, 80), label, 0.5f);
        RgbImage same = DetectionOverlay.Draw(Gray(200, 100), [Make(10, "cat"), Make(110, "cat")]);
        Assert.Equal((Orange, SkyBlue), (At(same, 10, 79), At(same, 110, 79)));
        RgbImage two = DetectionOverlay.Draw(Gray(200, 100), [Make(10, "cat"), Make(60, "dog"), Make(110, "cat")]);
        Assert.Equal((Orange, SkyBlue, Orange), (At(two, 10, 79), At(two, 60, 79), At(two, 110, 79)));
    }

    /// <summary>Any box, label and picture can be drawn. Labels stay inside the picture and do not overlap while there is room.</summary>
    [Fact]
    public void Anything_can_be_drawn()
    {
        var random = new Random(9);
        for (int round = 0; round < 300; round++)
        {
            int width = random.Next(1, 90), height = random.Next(1, 90);
            Detection[] detections = [.. Enumerable.Range(0, random.Next(6)).Select(_ =>
            {
                float x = random.Next(-20, 120), y = random.Next(-20, 120);
                var box = new Box(x, y, x + random.Next(100), y + random.Next(100));
                return new Detection(
                    box,
                    new string('x', random.Next(30)),
                    random.NextSingle(),
                    null,
                    random.Next(2) == 0 ? null : new SegmentationMask(new float[4096], box, width, height));
            })];
            RgbImage drawn = DetectionOverlay.Draw(Gray(width, height), detections);
            Assert.Equal((width, height), (drawn.Width, drawn.Height));
        }
    }

    [Fact]
    public void Labels_at_the_edge_stay_inside()
    {
        RgbImage drawn = DetectionOverlay.Draw(Gray(100, 60), [new Detection(new Box(95, 0, 100, 10), "cat", 0.5f)]);
        int[] columns = [.. Enumerable.Range(0, 100).Where(x => At(drawn, x, 1) == Orange || At(drawn, x, 1) == (0, 0, 0))];
        Assert.Equal((100 - 51, 99), (columns.Min(), columns.Max())); // moved left, and down into the box
    }

    [Fact]
    public void Text_grows_with_the_picture()
    {
        RgbImage drawn = DetectionOverlay.Draw(Gray(960, 960), [new Detection(new Box(100, 500, 300, 700), "cat", 0.5f)]);
        Assert.Equal(3 * 51, Enumerable.Range(0, 960).Count(x => At(drawn, x, 500 - 3 * 13) == Orange));
    }

    private static RgbImage Gray(int width, int height)
    {
        var image = new RgbImage(width, height);
        Array.Fill(image.Pixels, (byte)128);
        return image;
    }

    private static (byte, byte, byte) At(RgbImage image, int x, int y)
    {
        Span<byte> pixel = image.Row(y).Slice(3 * x, 3);
        return (pixel[0], pixel[1], pixel[2]);
    }
}
