using VlmSharp.Conformance;
using VlmSharp.Imaging;

namespace VlmSharp.Imaging.Tests;

public class BicubicResizeTests
{
    public static TheoryData<byte[], byte[]> Vectors => new()
    {
        { [0, 255, 0, 255, 10, 20, 30, 240], [109, 138, 33, 124] },
        { [0, 255, 0, 255], [0, 54, 216, 215, 40, 39, 201, 255] },
        { [10, 200, 30, 40, 250, 60, 0], [90, 105, 78] },
        { [0, 128, 255], [0, 39, 128, 216, 255] },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void OneRow(byte[] input, byte[] expected)
    {
        RgbImage result = Gray(input.Length, 1, input).Resize(expected.Length, 1);
        Assert.Equal(expected, FirstChannel(result));
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void OneColumn(byte[] input, byte[] expected)
    {
        RgbImage result = Gray(1, input.Length, input).Resize(1, expected.Length);
        Assert.Equal(expected, FirstChannel(result));
    }

    [Fact]
    public void WeightsAreQuantizedTo22Bits()
    {
        var taps = new BicubicResize.Taps(8, 4);
        Assert.Equal([1947982, 1947982, 508932, -157945, -52648], taps.Weights(0).ToArray());
        Assert.Equal([-145748, 469632, 1797559, 1797559, 469632, -145748, -48583], taps.Weights(1).ToArray());
        Assert.Equal((0, 0, 1), (taps.First(0), taps.First(1), taps.First(2)));
    }

    [Theory]
    [InlineData(37, 23, 5, 7)]
    [InlineData(37, 23, 90, 7)]
    [InlineData(23, 37, 5, 70)]
    [InlineData(40, 40, 20, 20)]
    [InlineData(5, 300, 40, 40)]
    [InlineData(97, 431, 56, 56)]
    public void EqualsTheTwoPassesOneAfterTheOther(int width, int height, int newWidth, int newHeight)
    {
        RgbImage image = Pictures.Noise(width, height);
        bool rowsFirst = newHeight < height && height * newWidth > width * newHeight;
        RgbImage half = rowsFirst ? image.Resize(width, newHeight) : image.Resize(newWidth, height);
        Assert.Equal(half.Resize(newWidth, newHeight).Pixels, image.Resize(newWidth, newHeight).Pixels);
    }

    [Fact]
    public void TheSameSizeIsACopy()
    {
        RgbImage image = Pictures.Noise(9, 4);
        RgbImage copy = image.Resize(9, 4);
        Assert.NotSame(image, copy);
        Assert.Equal(image.Pixels, copy.Pixels);
    }

    [Fact]
    public void AFlatPictureStaysFlat()
    {
        var image = new RgbImage(50, 31);
        image.Pixels.AsSpan().Fill(200);
        Assert.All(image.Resize(7, 70).Pixels, value => Assert.Equal(200, value));
    }

    private static RgbImage Gray(int width, int height, byte[] values) =>
        new(width, height, [.. values.SelectMany(v => new[] { v, v, v })]);

    private static byte[] FirstChannel(RgbImage image) => [.. image.Pixels.Where((_, i) => i % 3 == 0)];
}
