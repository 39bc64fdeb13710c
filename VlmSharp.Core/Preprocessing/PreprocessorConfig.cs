using VlmSharp.Checkpoints;
using VlmSharp.Formats;

namespace VlmSharp.Preprocessing;

/// <summary>
/// How a model's pictures are preprocessed, from the checkpoint's <c>preprocessor_config.json</c>. The defaults are those of PaliGemma at
/// 224 pixels.
/// </summary>
public sealed record PreprocessorConfig
{
    internal const int MaxSize = 4096;

    internal const string FileName = "preprocessor_config.json", ProcessorFileName = "processor_config.json";

    private const double MostNormalizer = 1e6; // keeps pixels finite

    /// <summary>Width and height of the model's input picture.</summary>
    public int Size { get; init; } = 224;

    /// <summary>The factor by which bytes are multiplied: 1/255.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>The mean to subtract, for red, green and blue.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>The divisor after the subtraction, for red, green and blue.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>Reads the file. Missing settings have PaliGemma's values.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="name">The file's name in error messages.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="ModelFormatException">The file is malformed or asks for something that VlmSharp does not do.</exception>
    public static PreprocessorConfig FromJson(ReadOnlySpan<byte> json, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return JsonSection.Read(json, name, Read);
    }

    /// <summary>
    /// Reads the settings from a model's folder, in the order in which transformers looks: the section <c>image_processor</c> of
    /// <c>processor_config.json</c> if it exists (transformers 5 writes it), otherwise <c>preprocessor_config.json</c>. PaliGemma's values
    /// if there is neither.
    /// </summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="imageSize">The image size from config.json, which preprocessed pictures must have.</param>
    /// <exception cref="ModelFormatException">A file is malformed, or asks for something that VlmSharp does not do.</exception>
    internal static PreprocessorConfig ReadFolder(string directory, int imageSize)
    {
        string nested = Path.Combine(directory, ProcessorFileName), own = Path.Combine(directory, FileName);
        string path = nested;
        PreprocessorConfig? config = File.Exists(nested)
            ? JsonSection.Read(CheckpointFolder.ReadSmall(nested), nested, ReadNested)
            : null;
        if (config is null)
        {
            path = own;
            config = File.Exists(own)
                ? FromJson(CheckpointFolder.ReadSmall(own), own)
                : new PreprocessorConfig { Size = imageSize };
        }

        return config.Size == imageSize
            ? config
            : throw new ModelFormatException(
                $"{path}: pictures are resized to {config.Size} pixels, " +
                $"but config.json says that the vision encoder takes {imageSize}.");
    }

    private static PreprocessorConfig? ReadNested(JsonSection root) => root.Section("image_processor") is { } own ? Read(own) : null;

    private static PreprocessorConfig Read(JsonSection root)
    {
        var defaults = new PreprocessorConfig();
        RequireFlag(root, "do_resize", true);
        RequireFlag(root, "do_rescale", true);
        RequireFlag(root, "do_normalize", true);
        RequireFlag(root, "do_center_crop", false);
        RequireFlag(root, "do_pad", false);
        RequireFlag(root, "do_pan_and_scan", false);
        int filter = root.Integer("resample", 3, 0, int.MaxValue);
        if (filter != 3) throw Unsupported(root, "resample", $"{filter}", "3 (bicubic)");
        float[] std = root.Numbers("image_std", 3, MostNormalizer) ?? [.. defaults.Std];
        if (std.Contains(0f)) throw Unsupported(root, "image_std", "a list with 0 in it", "three numbers other than 0");
        return new PreprocessorConfig
        {
            Size = ReadSize(root, defaults.Size),
            RescaleFactor = root.Positive("rescale_factor", defaults.RescaleFactor, MostNormalizer),
            Mean = root.Numbers("image_mean", 3, MostNormalizer) ?? defaults.Mean,
            Std = std,
        };
    }

    private static void RequireFlag(JsonSection root, string key, bool wanted)
    {
        if (root.Flag(key, wanted) != wanted) throw Unsupported(root, key, wanted ? "false" : "true", wanted ? "true" : "false");
    }

    /// <summary>Reads a number, or an object whose height and width are equal.</summary>
    private static int ReadSize(JsonSection root, int fallback)
    {
        if (!root.HasSection("size")) return root.Integer("size", fallback, 1, MaxSize);
        JsonSection size = root.Section("size")!.Value;
        if (!size.Has("height") || !size.Has("width")) throw Unsupported(root, "size", "an object without them", "a height and a width");
        int height = size.Integer("height", 0, 1, MaxSize), width = size.Integer("width", 0, 1, MaxSize);
        return height == width ? height : throw Unsupported(root, "size", $"{height} x {width} pixels", "a square");
    }

    private static ModelFormatException Unsupported(JsonSection root, string key, string value, string wanted) =>
        root.Error($"sets {root.KeyPath(key)} to {value}, where VlmSharp needs {wanted}; use the file of a PaliGemma checkpoint");
}
