namespace VlmSharp.Training.Runs;

/// <summary>Something that a checkpoint holds: weights, an adapter, the state of an optimizer.</summary>
public interface ICheckpointPart
{
    /// <summary>Writes its files into a folder without files of these names. The store syncs them.</summary>
    /// <param name="folder">The folder; subfolders may be created.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    void Save(string folder);

    /// <summary>Restores what <see cref="Save"/> wrote; the files' hashes are already verified.</summary>
    /// <param name="folder">The checkpoint's folder, with the files that this part wrote.</param>
    /// <exception cref="ModelFormatException">They do not fit what is trained.</exception>
    void Load(string folder);
}

/// <summary>A part that is one file.</summary>
/// <param name="FileName">Its name in the folder.</param>
/// <param name="Save">Writes it to a path.</param>
/// <param name="Load">Reads it from a path.</param>
public sealed record CheckpointFile(string FileName, Action<string> Save, Action<string> Load) : ICheckpointPart
{
    void ICheckpointPart.Save(string folder) => Save(Path.Combine(folder, FileName));

    void ICheckpointPart.Load(string folder) => Load(Path.Combine(folder, FileName));
}
