namespace VlmSharp.Imaging;

/// <summary>Files that appear under their name only when they are complete.</summary>
internal static class PartialFile
{
    /// <summary>
    /// Writes a file under another name, which ends with <c>.partial</c>, and moves it to its name when it is complete. A failed or
    /// canceled write leaves nothing behind, and the file that had the name stays. Several processes may write the same file: the last one
    /// to be complete counts. A device or a pipe is written to directly.
    /// </summary>
    /// <param name="path">The file; it may be one that <paramref name="write"/> reads.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (PlaceOf(path) is not { } place)
        {
            using var direct = new BufferedStream(OpenDirectly(path));
            write(direct);
            return;
        }

        string name = $".{Random.Shared.NextInt64():x16}.partial"; // short, since the file's own name may be as long as names can be
        string partial = Path.Combine(Path.GetDirectoryName(place) ?? "", name);
        try
        {
            using (var stream = new BufferedStream(File.Create(partial))) write(stream);
            File.Move(partial, place, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>
    /// Where a new file can be moved to so that it has this path: the path itself, or what a link leads to; null for what must not be
    /// replaced but written to, such as a device, a pipe, or <c>/dev/stdout</c>.
    /// </summary>
    public static string? PlaceOf(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is null) return SpecialFile.Of(path).Kind is null ? path : null;
        string target = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        // The links in /proc, where /dev/stdout leads, are open files: what they are called may be no path.
        bool isOpenFile = target.StartsWith("/proc/", StringComparison.Ordinal);
        return isOpenFile || SpecialFile.Of(target).Kind is not null ? null : target;
    }

    /// <summary>Opens a device or a pipe for writing. A pipe waits for its reader.</summary>
    public static FileStream OpenDirectly(string path) => new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
}
