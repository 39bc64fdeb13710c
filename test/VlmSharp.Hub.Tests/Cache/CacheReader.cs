using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Hub.Tests.Cache;

#pragma warning disable CA5350 // git's names of blobs are SHA-1

/// <summary>
/// A second reader of the cache, written from the description of its layout (docs/hub.md and the hub's own documentation) and sharing no
/// code with VlmSharp.Hub. It takes nothing for granted: every name must be in its place, every link must lead to a blob, and every blob
/// must have the hash that is its name.
/// </summary>
internal static class CacheReader
{
    /// <summary>The path of a file at a revision, or null if the cache knows nothing about it. Throws if the layout is violated.</summary>
    /// <exception cref="FileNotFoundException">The cache says that the repository has no such file.</exception>
    public static string? Find(string cache, string model, string revision, string file)
    {
        string folder = $"{cache}/models--{model.Replace("/", "--", StringComparison.Ordinal)}";
        if (!Directory.Exists(folder)) return null;
        string commit = File.Exists($"{folder}/refs/{revision}") ? File.ReadAllText($"{folder}/refs/{revision}") : revision;
        Assert.Matches("^[0-9a-f]{40}$", commit); // no white space either: Python's tools do not trim
        if (File.Exists($"{folder}/.no_exist/{commit}/{file}")) throw new FileNotFoundException(file);
        string path = $"{folder}/snapshots/{commit}/{file}";
        return File.Exists(path) ? path : null;
    }

    /// <summary>Checks every rule of the layout for a complete model.</summary>
    /// <param name="cache">The cache's folder.</param>
    /// <param name="model">OWNER/NAME.</param>
    /// <param name="areLinks">Whether snapshots hold links instead of files.</param>
    public static void Check(string cache, string model, bool areLinks = true)
    {
        string folder = $"{cache}/models--{model.Replace("/", "--", StringComparison.Ordinal)}";
        Assert.StartsWith(
            "Signature: 8a477f597d28d172789f06886806bc55", File.ReadAllText($"{cache}/CACHEDIR.TAG"), StringComparison.Ordinal);
        string[] linked = [.. Directory.EnumerateFiles($"{folder}/snapshots", "*", SearchOption.AllDirectories).Select(path =>
        {
            FileSystemInfo? target = File.ResolveLinkTarget(path, returnFinalTarget: false);
            Assert.Equal(areLinks, target is not null);
            if (target is null) return "";
            string name = new FileInfo(path).LinkTarget!;
            Assert.Matches(@"^(\.\./)+blobs/([0-9a-f]{40}|[0-9a-f]{64})$", name);
            return name.Split('/')[^1];
        })];
        string[] blobs = [.. Directory.EnumerateFiles($"{folder}/blobs").Select(path => Path.GetFileName(path))];
        // no partial downloads and no unreferenced blobs
        Assert.Equal(linked.Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal), blobs.Order(StringComparer.Ordinal));
        foreach (string blob in blobs) Assert.Equal(blob, Hash(File.ReadAllBytes($"{folder}/blobs/{blob}"), blob.Length));
    }

    private static string Hash(byte[] bytes, int digits) => Convert.ToHexStringLower(digits == 64
        ? SHA256.HashData(bytes)
        : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
}
