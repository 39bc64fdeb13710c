using Microsoft.Win32.SafeHandles;

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
            WriteDirectly(path, write);
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
        string end = OpenFile.EndOf(path);
        return OpenFile.Is(end) || SpecialFile.Of(end).Kind is not null ? null : end;
    }

    /// <summary>Writes to a device, a pipe or standard output. A pipe waits for its reader.</summary>
    public static void WriteDirectly(string path, Action<Stream> write)
    {
        // Opened anew, a file to which standard output is redirected would be written from its beginning.
        using FileStream file = OpenFile.IsOutput(path)
            ? new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0)
            : new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var buffered = new BufferedStream(file);
        write(buffered);
        buffered.Flush();
        if (file.CanSeek) _ = file.SafeFileHandle; // moves the system's position to the end, where others continue
    }
}
