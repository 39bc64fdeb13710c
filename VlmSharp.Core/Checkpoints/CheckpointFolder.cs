using System.Text.RegularExpressions;
using VlmSharp.Formats;
using VlmSharp.Imaging;

namespace VlmSharp.Checkpoints;

/// <summary>Finds the files of a model in a folder, and says what is there instead when they are missing.</summary>
internal static partial class CheckpointFolder
{
    public const string ConfigName = "config.json";
    public const string GenerationName = "generation_config.json";

    private const int MostJsonBytes = 64 << 20;

    /// <summary>Refuses what is not a folder with a config.json.</summary>
    public static void RequireModel(string directory)
    {
        if (File.Exists(directory))
        {
            throw new ModelFormatException(
                $"{directory} is a file; give the folder that holds it, with config.json and model.safetensors in it.");
        }
        if (!Directory.Exists(directory)) throw new ModelFormatException($"{directory} does not exist; give the folder of a model.");
        if (File.Exists(Path.Combine(directory, ConfigName))) return;
        throw new ModelFormatException($"{directory} has no config.json{Instead(directory)}.");
    }

    /// <summary>Opens the one weights file or all shards of the index. On failure nothing stays open.</summary>
    public static List<SafetensorsFile> OpenWeights(string directory)
    {
        string single = Path.Combine(directory, SafetensorsNames.Whole);
        if (File.Exists(single)) return [SafetensorsFile.Open(single)];
        string index = Path.Combine(directory, SafetensorsNames.Index);
        if (File.Exists(index)) return OpenShards(directory, index);
        if (FileNames(directory).FirstOrDefault(name => ShardName().IsMatch(name)) is string shard)
        {
            throw new ModelFormatException(
                $"{directory} holds shards such as {shard} and no {SafetensorsNames.Index}, which says what is in which; copy that file too.");
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
                        $"{indexPath} says that {MessageText.Quote(tensor)} is in {shard}, and it is not; index and shards are of different models.");
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

    /// <summary>Matrix name to shard name; every shard name is a plain file name.</summary>
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
        string? Named(params ReadOnlySpan<string> endings)
        {
            foreach (string ending in endings)
                if (names.Find(name => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) is string found) return found;
            return null;
        }

        string? Folder(string name) => Directory.Exists(Path.Combine(directory, name)) ? name + "/" : null;

        if (names.Count == 0 && !Directory.EnumerateDirectories(directory).Any()) return "; the folder holds no files";
        if (Named("adapter_model.safetensors", "adapter_config.json") is string adapter)
            return $"; it holds an adapter ({adapter}), which is used together with the folder of the model it was trained on";
        if (Named(".gguf") is string gguf)
            return $"; it holds {gguf}, a format that VlmSharp does not read: use the safetensors files of this model";
        if (Named(".npz") is string npz)
            return $"; it holds {npz}, a JAX checkpoint, which VlmSharp does not read: use the safetensors files of this model";
        if (Named(".incomplete", ".part", ".crdownload", ".aria2", ".download") is string partial)
            return $"; it holds {partial}, a download that has not ended: let it end, or begin it again";
        if ((Named(".onnx") ?? Folder("onnx")) is string onnx)
            return $"; it holds {onnx}, a model for ONNX, which VlmSharp does not read: use the safetensors files of this model";
        if (Named(".keras", ".h5") is string keras)
            return $"; it holds {keras}, a Keras model, which VlmSharp does not read: use the safetensors files of this model";
        if (Named(".msgpack") is string flax)
            return $"; it holds {flax}, a Flax checkpoint, which VlmSharp does not read: use the safetensors files of this model";
        if (Named(".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst") is string archive)
            return $"; it holds {archive}, an archive: unpack it and give the folder that comes out";
        if (Named(".bin", ".pt", ".pth", ".ckpt", ".pkl") is string pickle)
            return $"; it holds {pickle}, a pickle, which can run code when read and is not read here: save the model as safetensors";
        if (Named(".safetensors") is string other)
            return $"; it holds {other}: give the whole folder of the model, with the names it was published under";
        if (Directory.EnumerateDirectories(directory).FirstOrDefault(inner => File.Exists(Path.Combine(inner, ConfigName))) is string inner)
            return $"; the folder {inner} in it has one: give that folder";
        return "; it is not the folder of a model, or the model was copied without its large files";
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
