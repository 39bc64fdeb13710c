using System.Text.RegularExpressions;
using VlmSharp.Formats;
using VlmSharp.Imaging;

namespace VlmSharp.Checkpoints;

/// <summary>Finds the files of a model in a folder, and says what is there instead if they are missing.</summary>
internal static partial class CheckpointFolder
{
    public const string ConfigName = "config.json";
    public const string GenerationName = "generation_config.json";

    private const string Safetensors = ".safetensors";
    private const string Unread = ", which VlmSharp does not read: use the safetensors files of this model";

    private const int MostJsonBytes = 64 << 20;

    /// <summary>File name endings of other formats; those that say most about a folder that has several come first.</summary>
    private static readonly string[] Foreigners =
    [
        ".gguf", ".npz", ".incomplete", ".part", ".crdownload", ".aria2", ".download", ".onnx", ".keras", ".h5", ".msgpack",
        ".tflite", ".task", "openvino_model.xml", "openvino_language_model.xml",
        ".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".bin", ".pt", ".pth", ".ckpt", ".pkl",
    ];

    /// <summary>Refuses a path that is not a folder with a config.json.</summary>
    public static void RequireModel(string directory)
    {
        RequireFolder(
            directory, "a model",
            Foreign(directory) ?? "a file; give the folder that holds it, with config.json and model.safetensors in it");
        if (File.Exists(Path.Combine(directory, ConfigName))) return;
        throw new ModelFormatException($"{directory} has no config.json{Instead(directory)}.");
    }

    /// <summary>Refuses a path that is not a folder.</summary>
    /// <param name="directory">The path as the user gave it, which messages repeat.</param>
    /// <param name="what">What is in such a folder, as "a model".</param>
    /// <param name="file">What the path is if it is a file, and what to do.</param>
    public static void RequireFolder(string directory, string what, string file)
    {
        if (WrongDownload.DeadLink(directory) is { } dead) throw new ModelFormatException($"{directory} {dead}.");
        if (File.Exists(directory)) throw new ModelFormatException($"{directory} is {file}.");
        if (!Directory.Exists(directory)) throw new ModelFormatException($"{directory} does not exist; give the folder of {what}.");
    }

    /// <summary>Opens the one weights file or all shards of the index. On failure no file stays open.</summary>
    public static List<SafetensorsFile> OpenWeights(string directory)
    {
        string single = Path.Combine(directory, SafetensorsNames.Whole);
        if (File.Exists(single)) return [SafetensorsFile.Open(single)];
        string index = Path.Combine(directory, SafetensorsNames.Index);
        if (File.Exists(index)) return OpenShards(directory, index);
        if (FileNames(directory).FirstOrDefault(name => ShardName().IsMatch(name)) is string shard)
        {
            throw new ModelFormatException(
                $"{directory} holds shards such as {shard} and no {SafetensorsNames.Index}, "
                + "which says what is in which; copy that file too.");
        }
        throw new ModelFormatException($"{directory} has no {SafetensorsNames.Whole} and no {SafetensorsNames.Index}{Instead(directory)}.");
    }

    /// <summary>The bytes of a small file.</summary>
    public static byte[] ReadSmall(string path) =>
        BoundedFile.Read(path, MostJsonBytes, (what, e) => new ModelFormatException($"{path} {what}.", e));

    private static List<SafetensorsFile> OpenShards(string directory, string indexPath)
    {
        Dictionary<string, string> map = ReadIndex(indexPath);
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            foreach (string name in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                string path = Path.Combine(directory, name);
                if (!File.Exists(path))
                    throw new ModelFormatException($"{indexPath} names the shard {name}, which is not in the folder; copy or download it.");
                shards.Add(name, SafetensorsFile.Open(path));
            }
            foreach ((string tensor, string shard) in map)
            {
                if (!shards[shard].Entries.ContainsKey(tensor))
                {
                    throw new ModelFormatException(
                        $"{indexPath} says that {MessageText.Quote(tensor)} is in {shard}, and it is not; "
                        + "index and shards are of different models.");
                }
            }
            return [.. shards.Values];
        }
        catch
        {
            foreach (SafetensorsFile shard in shards.Values) shard.Dispose();
            throw;
        }
    }

    /// <summary>Tensor name to shard name; every shard name is a plain file name.</summary>
    private static Dictionary<string, string> ReadIndex(string path) => JsonSection.Read(ReadSmall(path), path, root =>
    {
        JsonSection section = root.Section("weight_map") ?? throw root.Error("has no 'weight_map'");
        var map = new Dictionary<string, string>(section.TextMap(), StringComparer.Ordinal);
        if (map.Count == 0) throw root.Error("has an empty 'weight_map'");
        foreach (string shard in map.Values)
        {
            // A name with a separator could lead anywhere on the disk.
            if (!PlainName().IsMatch(shard))
                throw root.Error($"names the shard {MessageText.Quote(shard)}; a shard is a .safetensors file in the same folder");
        }
        return map;
    });

    /// <summary>Continues "has no ..." with what the folder holds and what to do about it.</summary>
    private static string Instead(string directory)
    {
        List<string> names = FileNames(directory);
        if (names.Count == 0 && !Directory.EnumerateDirectories(directory).Any()) return "; the folder holds no files";
        if (Named(names, "adapter_model.safetensors", "adapter_config.json") is string adapter)
            return $"; it holds an adapter ({adapter}), which is used together with the folder of the model it was trained on";
        if (OtherProgram(directory, names) is string other) return $"; it holds {other}";
        if (Named(names, Safetensors) is string weights)
            return $"; it holds {weights}: give the whole folder of the model, with the names it was published under";
        if (Snapshot(directory) is string snapshot)
            return $"; it is a model's place in the Hugging Face cache: give {snapshot}, or the model's name";
        if (Directory.EnumerateDirectories(directory).FirstOrDefault(inner => File.Exists(Path.Combine(inner, ConfigName))) is string inner)
            return $"; the folder {inner} in it has one: give that folder";
        return "; it is not the folder of a model, or the model was copied without its large files";
    }

    /// <summary>
    /// What of another program a folder without safetensors files holds: the file's name, what it is and what to do; null if there is
    /// nothing.
    /// </summary>
    public static string? OtherProgram(string directory)
    {
        List<string> names = FileNames(directory);
        return Named(names, Safetensors) is null ? OtherProgram(directory, names) : null;
    }

    private static string? OtherProgram(string directory, List<string> names)
    {
        if (Named(names, "model_index.json") is string pipeline)
            return $"{pipeline}: it is a pipeline of the Diffusers library, not a PaliGemma model";
        if (Named(names, Foreigners) is string foreign) return $"{foreign}, {Foreign(foreign)}";
        return Directory.Exists(Path.Combine(directory, "onnx")) ? $"onnx/, {Foreign(".onnx")}" : null;
    }

    /// <summary>The first name with the first ending that any name has; null if no name has any of them.</summary>
    private static string? Named(List<string> names, params ReadOnlySpan<string> endings)
    {
        foreach (string ending in endings)
            if (names.Find(name => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) is string found) return found;
        return null;
    }

    /// <summary>Says what a file of another format is, by its name, and what to do; null if the name has no such ending.</summary>
    private static string? Foreign(string name) => Array.Find(Foreigners, e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)) switch
    {
        null => null,
        ".incomplete" or ".part" or ".crdownload" or ".aria2" or ".download" =>
            "a download that has not ended: let it end, or begin it again",
        ".zip" or ".tar" or ".tar.gz" or ".tgz" or ".tar.zst" => "an archive: unpack it and give the folder that comes out",
        ".bin" or ".pt" or ".pth" or ".ckpt" or ".pkl" =>
            "a pickle, which can run code when read and is not read here: save the model as safetensors",
        ".gguf" => "a GGUF file" + Unread,
        ".npz" => "a JAX checkpoint" + Unread,
        ".onnx" => "a model for ONNX" + Unread,
        ".msgpack" => "a Flax checkpoint" + Unread,
        ".tflite" or ".task" => "a TensorFlow Lite model" + Unread,
        "openvino_model.xml" or "openvino_language_model.xml" => "an OpenVINO model" + Unread,
        _ => "a Keras model" + Unread,
    };

    /// <summary>A snapshot in a model's folder of the hub's cache (models--OWNER--NAME); null if the folder is not one.</summary>
    private static string? Snapshot(string directory)
    {
        string snapshots = Path.Combine(directory, "snapshots");
        return Directory.Exists(snapshots)
            ? Directory.EnumerateDirectories(snapshots).FirstOrDefault(inner => File.Exists(Path.Combine(inner, ConfigName)))
            : null;
    }

    private static List<string> FileNames(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{directory} cannot be read: {e.Message}", e);
        }
    }

    [GeneratedRegex(@"^model-\d+-of-\d+\.safetensors$", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}\.safetensors\z", RegexOptions.CultureInvariant)]
    private static partial Regex PlainName();
}
