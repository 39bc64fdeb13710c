using VlmSharp.Imaging;

namespace VlmSharp.Conformance;

/// <summary>Pictures that tests make.</summary>
public static class Pictures
{
    public static RgbImage Noise(int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(width * 1000 + height).NextBytes(image.Pixels);
        return image;
    }
}
