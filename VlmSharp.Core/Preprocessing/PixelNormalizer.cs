using VlmSharp.Imaging;

namespace VlmSharp.Preprocessing;

/// <summary>
/// Bytes to the floats that the vision tower is fed, in channel planes: v = float32(byte * rescale) with the product in
/// double, then (v - mean) / std in float32, the roundings of the reference processor.
/// </summary>
public static class PixelNormalizer
{
    /// <summary>Normalizes a picture that already has the model's size.</summary>
    /// <param name="image">The picture, <see cref="PreprocessorConfig.Size"/> pixels square.</param>
    /// <param name="config">Rescale factor, mean and standard deviation.</param>
    /// <returns>[3, Size, Size], row-major: the red plane, the green, the blue.</returns>
    public static float[] Normalize(RgbImage image, PreprocessorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var planes = new float[3 * config.Size * config.Size];
        Normalize(image, config, planes);
        return planes;
    }

    /// <summary>Normalizes into memory of the caller.</summary>
    /// <param name="image">The picture, <see cref="PreprocessorConfig.Size"/> pixels square.</param>
    /// <param name="config">Rescale factor, mean and standard deviation.</param>
    /// <param name="planes">Receives [3, Size, Size].</param>
    public static void Normalize(RgbImage image, PreprocessorConfig config, Span<float> planes)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(config);
        int size = config.Size, area = size * size;
        if (image.Width != size || image.Height != size)
            throw new ArgumentException($"The picture is {image.Width} x {image.Height}, not {size} x {size}; resize it first.", nameof(image));
        if (planes.Length != 3 * area)
            throw new ArgumentException($"The planes have {planes.Length} elements, not 3 x {size} x {size} = {3 * area}.", nameof(planes));
        Span<float> table = stackalloc float[256];
        for (int channel = 0; channel < 3; channel++)
        {
            float mean = config.Mean[channel], std = config.Std[channel];
            for (int value = 0; value < 256; value++)
                table[value] = ((float)(value * config.RescaleFactor) - mean) / std;
            Span<float> plane = planes.Slice(channel * area, area);
            ReadOnlySpan<byte> pixels = image.Pixels;
            for (int i = 0, from = channel; i < plane.Length; i++, from += 3)
                plane[i] = table[pixels[from]];
        }
    }

    /// <summary>The whole way from a decoded picture to the vision tower: resize, rescale, normalize.</summary>
    /// <param name="image">A picture of any size.</param>
    /// <param name="config">Size, rescale factor, mean and standard deviation.</param>
    /// <returns>[3, Size, Size], row-major.</returns>
    public static float[] Prepare(RgbImage image, PreprocessorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Normalize(BicubicResize.Resize(image, config.Size, config.Size), config);
    }
}
