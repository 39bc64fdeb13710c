namespace VlmSharp.Training.Runs;

/// <summary>Something that a checkpoint holds: weights, an adapter, the state of an optimizer.</summary>
public interface ICheckpointPart
{
    /// <summary>Writes its files into a folder that holds nothing of its names yet. They need not be synced: the store does it.</summary>
    /// <param name="folder">The folder; subfolders may be made.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    void Save(string folder);

    /// <summary>Goes on with what <see cref="Save"/> wrote; the files' hashes are right.</summary>
    /// <param name="folder">The folder.</param>
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
