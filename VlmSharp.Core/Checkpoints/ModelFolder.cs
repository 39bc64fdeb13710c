using VlmSharp.Formats;

namespace VlmSharp.Checkpoints;

/// <summary>Writes a new model folder with other weights. Tokenizer, preprocessor and license are copied.</summary>
internal static class ModelFolder
{
    private static readonly string[] Copied =
    [
        CheckpointFolder.GenerationName, "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer.model",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "LICENSE", "LICENSE.txt", "NOTICE",
    ];

    /// <summary>Writes the folder. On failure nothing is left of it.</summary>
    /// <param name="source">The model folder.</param>
    /// <param name="target">The folder to write; it is empty or does not exist yet.</param>
    /// <param name="tensors">The weights; their bytes are produced one tensor after another.</param>
    /// <param name="config">The content of config.json.</param>
    /// <exception cref="IOException">The target cannot be written or is not empty.</exception>
    public static void Write(string source, string target, IEnumerable<TensorToWrite> tensors, byte[] config)
    {
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new IOException($"{target} is not empty: give a new folder, so that no file of another model stays among these.");
        bool existed = Directory.Exists(target);
        try
        {
            Create(target);
            Fill(source, target, () => SafetensorsWriter.WriteModel(target, tensors), config);
        }
        catch
        {
            foreach (string path in Directory.Exists(target) ? Directory.GetFiles(target) : []) File.Delete(path);
            if (!existed && Directory.Exists(target)) Directory.Delete(target);
            throw;
        }
    }

    /// <summary>
    /// Adds a model to a folder that may hold other files, such as a training run's. Files with the same names are replaced.
    /// </summary>
    /// <param name="source">The model folder that the other files are copied from.</param>
    /// <param name="target">Created if it does not exist.</param>
    /// <param name="writeWeights">Writes the weights into it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteInto(string source, string target, Action<string> writeWeights)
    {
        Create(target);
        Fill(source, target, () => writeWeights(target), CheckpointFolder.ReadSmall(Path.Combine(source, CheckpointFolder.ConfigName)));
    }

    /// <summary>Writes config.json last: a folder without it is not a model, so an incomplete one is not used.</summary>
    private static void Fill(string source, string target, Action writeWeights, byte[] config)
    {
        foreach (string name in Copied.Where(name => File.Exists(Path.Combine(source, name))))
            File.Copy(Path.Combine(source, name), Path.Combine(target, name), overwrite: true);
        writeWeights();
        File.WriteAllBytes(Path.Combine(target, CheckpointFolder.ConfigName), config);
    }

    /// <summary>Creates a folder if it does not exist.</summary>
    /// <param name="folder">Its parents are created too.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    public static void Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The folder {folder} cannot be created, because {Obstacle(folder, e)}; give one that can be written.", e);
        }
    }

    // The platform's message may be about a file that was not found, which does not name the obstacle.
    private static string Obstacle(string folder, Exception e)
    {
        string there = Path.GetFullPath(folder);
        while (!Path.Exists(there) && Path.GetDirectoryName(there) is { } parent) there = parent;
        return File.Exists(there) ? $"{there} is a file"
            : e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException ? $"{there} takes no new folders"
            : e.Message.TrimEnd('.');
    }
}
