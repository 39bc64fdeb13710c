using VlmSharp.Imaging;

namespace VlmSharp.Preprocessing;

/// <summary>
/// Turns a decoded picture into the floats that the vision tower takes: resize, rescale, normalize. Bytes become
/// v = float32(byte * rescale) with the product in double, then (v - mean) / std in float32, rounded as in the reference processor.
/// May be used by several threads.
/// </summary>
public sealed class ImagePreprocessor
{
    private const int Channels = 3, Values = 256;

    private readonly float[] normalized = new float[Channels * Values]; // [3, 256]: what each byte becomes in each channel

    /// <summary>Takes a model's settings.</summary>
    /// <param name="config">Size, rescale factor, mean and standard deviation.</param>
    /// <exception cref="ArgumentException">The size is not 1 to 4096, or there are not three means and three deviations.</exception>
    public ImagePreprocessor(PreprocessorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Size is < 1 or > PreprocessorConfig.MaxSize)
            throw new ArgumentException($"The size is {config.Size}, not 1 to {PreprocessorConfig.MaxSize}.", nameof(config));
        int means = config.Mean.Count, deviations = config.Std.Count;
        if (means != Channels || deviations != Channels)
            throw new ArgumentException($"There are {means} means and {deviations} deviations for three channels.", nameof(config));
        Config = config;
        for (int channel = 0; channel < Channels; channel++)
            for (int value = 0; value < Values; value++)
                normalized[channel * Values + value] = ((float)(value * config.RescaleFactor) - config.Mean[channel]) / config.Std[channel];
    }

    /// <summary>Side of the picture in pixels, factor, mean and standard deviation for each channel.</summary>
    public PreprocessorConfig Config { get; }

    /// <summary>The picture as the model sees it: resized by Pillow's bicubic filter, without keeping the aspect ratio.</summary>
    /// <param name="image">A picture of any size.</param>
    /// <returns>A new picture of <see cref="PreprocessorConfig.Size"/> x <see cref="PreprocessorConfig.Size"/> pixels.</returns>
    public RgbImage Resize(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Resize(Config.Size, Config.Size);
    }

    /// <summary>
    /// A picture file as the model sees it. The bytes equal those of <see cref="ImageFile.Load(string, ImageOptions?)"/> and
    /// <see cref="Resize"/>, but the picture is resized while it is decoded, so that large pictures take little memory.
    /// </summary>
    /// <param name="path">A picture file; a message about it begins with this path.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the decoding within a few thousand pixels.</param>
    /// <returns>The picture, <see cref="PreprocessorConfig.Size"/> pixels wide and high, and its original size.</returns>
    /// <exception cref="ImageFormatException">The file is missing, damaged, unsupported or over a limit.</exception>
    public ResizedImage Load(string path, ImageOptions? options = null, CancellationToken cancellationToken = default) =>
        ImageFile.LoadResized(path, Config.Size, Config.Size, options, cancellationToken);

    /// <summary>Like <see cref="Load"/>, for a file that is already in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Its name in error messages.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the decoding within a few thousand pixels.</param>
    /// <returns>The picture, <see cref="PreprocessorConfig.Size"/> pixels wide and high, and its original size.</returns>
    /// <exception cref="ImageFormatException">The bytes are damaged, unsupported or over a limit.</exception>
    public ResizedImage Decode(
        ReadOnlySpan<byte> bytes, string name, ImageOptions? options = null, CancellationToken cancellationToken = default) =>
        ImageFile.DecodeResized(bytes, Config.Size, Config.Size, name, options, cancellationToken);

    /// <summary>The model's input.</summary>
    /// <param name="image">A picture of any size; a result of <see cref="Resize"/> is not resized again.</param>
    /// <returns>[3, Size, Size], row-major: the red plane, the green, the blue.</returns>
    public float[] Process(RgbImage image)
    {
        var planes = new float[Channels * Config.Size * Config.Size];
        Process(image, planes);
        return planes;
    }

    /// <summary>The model's input, written to the caller's memory.</summary>
    /// <param name="image">A picture of any size; a result of <see cref="Resize"/> is not resized again.</param>
    /// <param name="planes">Receives [3, Size, Size], row-major: the red plane, the green, the blue.</param>
    /// <exception cref="ArgumentException">The planes have another number of elements.</exception>
    public void Process(RgbImage image, Span<float> planes)
    {
        ArgumentNullException.ThrowIfNull(image);
        int size = Config.Size, area = size * size;
        if (planes.Length != Channels * area)
            throw new ArgumentException($"The planes have {planes.Length} elements, not 3 x {size} x {size}.", nameof(planes));
        ReadOnlySpan<byte> pixels = (image.Width == size && image.Height == size ? image : Resize(image)).Pixels;
        for (int channel = 0; channel < Channels; channel++)
        {
            ReadOnlySpan<float> table = normalized.AsSpan(channel * Values, Values);
            Span<float> plane = planes.Slice(channel * area, area);
            for (int i = 0, from = channel; i < plane.Length; i++, from += Channels)
                plane[i] = table[pixels[from]];
        }
    }
}
