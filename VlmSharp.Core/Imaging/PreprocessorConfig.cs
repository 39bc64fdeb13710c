using System.Text.Json;

namespace VlmSharp.Imaging;

/// <summary>
/// How a model wants its pictures, from the checkpoint's <c>preprocessor_config.json</c>. The defaults are those of
/// PaliGemma at 224 pixels.
/// </summary>
public sealed record PreprocessorConfig
{
    private const int MaxSize = 4096;

    /// <summary>Width and height of the picture that the model sees.</summary>
    public int Size { get; init; } = 224;

    /// <summary>What bytes are multiplied by: 1/255.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>What is subtracted, for red, green and blue.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>What the difference is divided by, for red, green and blue.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>Reads the file. Settings that it leaves out have PaliGemma's values.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="name">What error messages call the file.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="ModelFormatException">The file is malformed or asks for what VlmSharp does not do.</exception>
    public static PreprocessorConfig FromJson(ReadOnlySpan<byte> json, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (json.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            json = json[3..];
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, name)
                : throw new ModelFormatException($"{name} is not a JSON object; take the file from the published checkpoint.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: a lone surrogate in a string
        {
            throw new ModelFormatException($"{name} is not valid JSON ({MessageText.Sentence(e.Message)}); take the file from the published checkpoint.", e);
        }
    }

    private static PreprocessorConfig Read(JsonElement root, string name)
    {
        var defaults = new PreprocessorConfig();
        RequireFlag(root, "do_resize", true, name);
        RequireFlag(root, "do_rescale", true, name);
        RequireFlag(root, "do_normalize", true, name);
        RequireFlag(root, "do_center_crop", false, name);
        RequireFlag(root, "do_pad", false, name);
        RequireFlag(root, "do_pan_and_scan", false, name);
        if (Find(root, "resample") is { } resample && !(resample.ValueKind == JsonValueKind.Number && resample.TryGetInt32(out int filter) && filter == 3))
            throw Unsupported(name, "resample", resample, "3 (bicubic)");
        double factor = Find(root, "rescale_factor") is { } rescale ? Number(rescale, "rescale_factor", name) : defaults.RescaleFactor;
        return new PreprocessorConfig
        {
            Size = Find(root, "size") is { } size ? ReadSize(size, name) : defaults.Size,
            RescaleFactor = factor,
            Mean = Find(root, "image_mean") is { } mean ? Triple(mean, "image_mean", name) : defaults.Mean,
            Std = Find(root, "image_std") is { } std ? CheckStd(Triple(std, "image_std", name), std, name) : defaults.Std,
        };
    }

    // A setting of null counts as left out.
    private static JsonElement? Find(JsonElement element, string key) =>
        element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static void RequireFlag(JsonElement root, string key, bool expected, string name)
    {
        if (Find(root, key) is { } value && value.ValueKind != (expected ? JsonValueKind.True : JsonValueKind.False))
            throw Unsupported(name, key, value, expected ? "true" : "false");
    }

    private static int ReadSize(JsonElement size, string name)
    {
        JsonElement height = size, width = size;
        if (size.ValueKind == JsonValueKind.Object)
        {
            height = Find(size, "height") ?? throw Unsupported(name, "size", size, "a height and a width");
            width = Find(size, "width") ?? throw Unsupported(name, "size", size, "a height and a width");
        }
        bool square = height.ValueKind == JsonValueKind.Number && width.ValueKind == JsonValueKind.Number
            && height.TryGetInt32(out int h) && width.TryGetInt32(out int w) && h == w && h is >= 1 and <= MaxSize;
        return square ? height.GetInt32() : throw Unsupported(name, "size", size, $"a square of 1 to {MaxSize} pixels");
    }

    private static double Number(JsonElement value, string key, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Unsupported(name, key, value, "a number");

    private static float[] Triple(JsonElement value, string key, string name)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 3)
            throw Unsupported(name, key, value, "three numbers");
        var triple = new float[3];
        for (int i = 0; i < 3; i++)
            triple[i] = (float)Number(value[i], key, name);
        return triple;
    }

    private static float[] CheckStd(float[] std, JsonElement value, string name) =>
        std.Contains(0f) ? throw Unsupported(name, "image_std", value, "three numbers other than 0") : std;

    private static ModelFormatException Unsupported(string name, string key, JsonElement value, string wanted) =>
        new ModelFormatException($"{name} sets {key} to {MessageText.Sentence(value.GetRawText())}, where VlmSharp needs {wanted}; use the file of a PaliGemma checkpoint.");
}
