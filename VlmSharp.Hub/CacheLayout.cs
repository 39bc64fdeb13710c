using System.Text;

namespace VlmSharp.Hub;

/// <summary>
/// The layout of the cache, the same as that of Python's tools:
/// <code>
/// CACHEDIR.TAG
/// .locks/models--OWNER--NAME/ETAG.lock
/// models--OWNER--NAME/refs/REVISION                        the commit, 40 digits
/// models--OWNER--NAME/blobs/ETAG                           a file's bytes under their hash
/// models--OWNER--NAME/blobs/ETAG.incomplete                its bytes downloaded so far
/// models--OWNER--NAME/snapshots/COMMIT/config.json         a link to ../../blobs/ETAG
/// models--OWNER--NAME/.no_exist/COMMIT/NAME                an empty file: the repository has no file NAME
/// </code>
/// </summary>
internal sealed class CacheLayout(string cache, string model)
{
    public const string Prefix = "models--";

    private const string Divider = "--";

    private readonly string folderName = FolderName(model);

    public string Cache => cache;

    public string Folder => Path.Combine(cache, folderName);

    public string Blobs => Path.Combine(Folder, "blobs");

    public string Snapshots => Path.Combine(Folder, "snapshots");

    public string Refs => Path.Combine(Folder, "refs");

    public string Blob(string etag) => Path.Combine(Blobs, etag);

    public string Incomplete(string etag) => Path.Combine(Blobs, etag + ".incomplete");

    public string Lock(string etag) => Path.Combine(cache, ".locks", folderName, etag + ".lock");

    public string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    public string Entry(string commit, string name) => Path.Combine([Snapshot(commit), .. name.Split('/')]);

    public string NoExist(string commit, string name) => Path.Combine([Folder, ".no_exist", commit, .. name.Split('/')]);

    public string Ref(string revision) => Path.Combine([Refs, .. revision.Split('/')]);

    /// <summary>The commit of a revision when it was last requested, or null.</summary>
    public string? Commit(HubModel of) => of.IsCommit ? of.Revision : ReadRef(Ref(of.Revision));

    public static string FolderName(string model) => Prefix + model.Replace("/", Divider, StringComparison.Ordinal);

    /// <summary>The model of a folder name, or null.</summary>
    public static string? ModelName(string folderName) =>
        folderName.StartsWith(Prefix, StringComparison.Ordinal)
        && HubModel.TryParse(folderName[Prefix.Length..].Replace(Divider, "/", StringComparison.Ordinal), out HubModel? model)
            ? model.Name
            : null;

    /// <summary>The commit in a file under refs; null if the file does not exist or holds no commit.</summary>
    public static string? ReadRef(string path)
    {
        if (!File.Exists(path)) return null;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[64];
        string text = Encoding.ASCII.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).Trim();
        return HubModel.IsCommitHash(text) ? text : null;
    }
}
