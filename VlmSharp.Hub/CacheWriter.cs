using System.Text;

namespace VlmSharp.Hub;

/// <summary>Writes the names of downloaded files, each atomically: another process sees the old state or the new one.</summary>
internal sealed class CacheWriter(CacheLayout layout, bool useSymlinks)
{
    private static readonly byte[] Tag = Encoding.ASCII.GetBytes(
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        + "# Models of the Hugging Face hub: what can be fetched again need not be backed up (https://bford.info/cachedir/).\n");

    /// <summary>Marks the folder as a cache for backup programs.</summary>
    public void Mark()
    {
        Directory.CreateDirectory(layout.Cache);
        string path = Path.Combine(layout.Cache, "CACHEDIR.TAG");
        if (!File.Exists(path)) Replace(path, Tag);
    }

    /// <summary>
    /// Gives a blob its name in a snapshot: by a symbolic link, or without links by moving it (or a copy, if others may use the blob).
    /// </summary>
    /// <param name="etag">The name of the blob: its hash.</param>
    /// <param name="commit">The snapshot's commit, 40 digits.</param>
    /// <param name="name">The file's name in the repository, with its folders.</param>
    /// <param name="isNew">Whether the blob was downloaded just now.</param>
    public void Link(string etag, string commit, string name, bool isNew)
    {
        string entry = layout.Entry(commit, name), blob = layout.Blob(etag), folder = Path.GetDirectoryName(entry)!;
        Directory.CreateDirectory(folder);
        File.Delete(entry); // a broken link, or a link to a file of another size
        if (useSymlinks && TryLink(entry, Path.GetRelativePath(folder, blob))) return;
        if (isNew)
        {
            File.Move(blob, entry, overwrite: true);
            return;
        }

        string copy = Beside(entry);
        File.Copy(blob, copy);
        File.Move(copy, entry, overwrite: true);
    }

    /// <summary>Records the commit of a branch or tag.</summary>
    public void Refer(HubModel model, string commit)
    {
        string path = layout.Ref(model.Revision);
        if (model.Revision == commit || CacheLayout.ReadRef(path) == commit) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Replace(path, Encoding.ASCII.GetBytes(commit));
    }

    /// <summary>Records that a repository has no file of a name, so that no tool needs to ask again.</summary>
    public void NoteAbsent(string commit, string name)
    {
        string path = layout.NoExist(commit, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path)) File.WriteAllBytes(path, []);
    }

    private static bool TryLink(string entry, string target)
    {
        try
        {
            File.CreateSymbolicLink(entry, target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return File.Exists(entry); // true if another process was faster; otherwise links are not available
        }
    }

    private static void Replace(string path, byte[] content)
    {
        string temporary = Beside(path);
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }

    private static string Beside(string path) => $"{path}.{Guid.NewGuid():N}.tmp";
}
