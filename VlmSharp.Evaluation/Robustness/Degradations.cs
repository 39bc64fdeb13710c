using VlmSharp.Compute.Sampling;
using VlmSharp.Imaging;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>
/// Picture degradations, which measure robustness since Hendrycks and Dietterich 2019 ("Benchmarking Neural Network Robustness to Common
/// Corruptions and Perturbations"). Each depends only on picture, level and seed.
/// </summary>
internal static class Degradations
{
    private const int Channels = 3;
    private const byte Gray = 128;

    /// <summary>
    /// Gaussian blur: out(x) = sum over k of g(k) in(x + k), along rows and then along columns; g is the Gaussian density. Edge pixels are
    /// repeated.
    /// </summary>
    /// <param name="image">Not changed; a sigma of 0 returns it itself.</param>
    /// <param name="percent">Sigma in percent of the longer side, so that large and small pictures lose the same share of detail.</param>
    public static RgbImage Blur(RgbImage image, double percent)
    {
        double sigma = percent / 100 * Math.Max(image.Width, image.Height);
        int reach = (int)Math.Ceiling(3 * sigma);
        if (reach == 0) return image;
        double[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(k => Math.Exp(-k * k / (2 * sigma * sigma)))];
        double sum = weights.Sum();
        for (int i = 0; i < weights.Length; i++) weights[i] /= sum;
        var rows = new float[image.Pixels.Length];
        Parallel.For(0, image.Height, y =>
        {
            for (int x = 0; x < image.Width; x++)
                for (int c = 0; c < Channels; c++)
                {
                    double value = 0;
                    for (int k = -reach; k <= reach; k++)
                        value += weights[k + reach] * image.Pixels[At(image, Math.Clamp(x + k, 0, image.Width - 1), y) + c];
                    rows[At(image, x, y) + c] = (float)value;
                }
        });
        var blurred = new RgbImage(image.Width, image.Height);
        Parallel.For(0, image.Height, y =>
        {
            for (int x = 0; x < image.Width; x++)
                for (int c = 0; c < Channels; c++)
                {
                    double value = 0;
                    for (int k = -reach; k <= reach; k++)
                        value += weights[k + reach] * rows[At(image, x, Math.Clamp(y + k, 0, image.Height - 1)) + c];
                    blurred.Pixels[At(image, x, y) + c] = Byte(value);
                }
        });
        return blurred;
    }

    /// <summary>
    /// Gaussian noise, independent for each channel of each pixel: out = in + sigma z, with z from two uniform numbers (Box and Muller
    /// 1958).
    /// </summary>
    /// <param name="image">Not changed.</param>
    /// <param name="sigma">The standard deviation, in levels of 255.</param>
    /// <param name="seed">The seed of the noise.</param>
    public static RgbImage Noise(RgbImage image, double sigma, long seed)
    {
        var noisy = new RgbImage(image.Width, image.Height);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            double u = 1 - CounterRandom.Uniform(seed, 2L * i), v = CounterRandom.Uniform(seed, 2L * i + 1); // u is not 0
            noisy.Pixels[i] = Byte(image.Pixels[i] + sigma * Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v));
        }

        return noisy;
    }

    /// <summary>A clockwise rotation about the center, in the same size; bilinear, and gray where the picture does not reach.</summary>
    /// <param name="image">Not changed.</param>
    /// <param name="degrees">Any angle; 0 gives an equal picture.</param>
    public static RgbImage Rotate(RgbImage image, double degrees)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        double middleX = (image.Width - 1) / 2.0, middleY = (image.Height - 1) / 2.0;
        var turned = new RgbImage(image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
            {
                double fromX = middleX + cos * (x - middleX) + sin * (y - middleY);
                double fromY = middleY - sin * (x - middleX) + cos * (y - middleY);
                int left = (int)Math.Floor(fromX), top = (int)Math.Floor(fromY);
                for (int c = 0; c < Channels; c++)
                {
                    double upper = Mix(Pixel(image, left, top, c), Pixel(image, left + 1, top, c), fromX - left);
                    double lower = Mix(Pixel(image, left, top + 1, c), Pixel(image, left + 1, top + 1, c), fromX - left);
                    turned.Pixels[At(image, x, y) + c] = Byte(Mix(upper, lower, fromY - top));
                }
            }

        return turned;
    }

    /// <summary>The center of a picture.</summary>
    /// <param name="image">Not changed.</param>
    /// <param name="percent">The percentage of each side that is cut away, half at each end.</param>
    public static RgbImage Crop(RgbImage image, double percent)
    {
        int width = Kept(image.Width), height = Kept(image.Height), left = (image.Width - width) / 2, top = (image.Height - height) / 2;
        var middle = new RgbImage(width, height);
        for (int y = 0; y < height; y++) image.Row(top + y).Slice(left * Channels, width * Channels).CopyTo(middle.Row(y));
        return middle;

        int Kept(int side) => Math.Max(1, (int)Math.Round(side * (1 - percent / 100)));
    }

    private static double Pixel(RgbImage image, int x, int y, int channel) =>
        x >= 0 && y >= 0 && x < image.Width && y < image.Height ? image.Pixels[At(image, x, y) + channel] : Gray;

    private static double Mix(double a, double b, double share) => a + share * (b - a);

    private static int At(RgbImage image, int x, int y) => (y * image.Width + x) * Channels;

    internal static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
}
