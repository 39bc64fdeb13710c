namespace VlmSharp.Server.Native;

/// <summary>The files of a form, by the names of their fields.</summary>
internal sealed class Attachments
{
    private readonly List<(string Name, ReadOnlyMemory<byte> File)> all = [];

    /// <summary>Every file, in order.</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> File)> All => all;

    /// <summary>Takes a file.</summary>
    public void Add(string name, ReadOnlyMemory<byte> file) => all.Add((name, file));

    /// <summary>The file of a field, or null.</summary>
    public ReadOnlyMemory<byte>? Find(string name)
    {
        foreach ((string field, ReadOnlyMemory<byte> file) in all)
            if (field == name) return file;
        return null;
    }
}
