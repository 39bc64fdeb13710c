using Microsoft.Win32.SafeHandles;

namespace VlmSharp.Imaging;

/// <summary>Files that appear under their name only when they are complete.</summary>
internal static class PartialFile
{
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111; // no setuid: the content is another

    /// <summary>
    /// Writes a file under another name, which ends with <c>.partial</c>, and moves it to its name when it is complete. A failed or
    /// canceled write leaves nothing behind, and the file that had the name stays. Several processes may write the same file: the last one
    /// to be complete counts. The new file has the permissions of the old one. A device or a pipe is written to directly.
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
            using (FileStream stream = Create(partial, place)) write(stream);
            File.Move(partial, place, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Creates a file that is to be moved to the place of another one, with that one's permissions.</summary>
    /// <param name="path">Its path until then. What a killed process left there is deleted.</param>
    /// <param name="place">The path of the other file, which need not be there.</param>
    /// <returns>The empty file, to be written and read.</returns>
    /// <exception cref="IOException">It cannot be created.</exception>
    public static FileStream Create(string path, string place)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 1 << 16,
        };
        File.Delete(path);
        if (OperatingSystem.IsWindows() || !File.Exists(place)) return new FileStream(path, options);
        UnixFileMode mode = File.GetUnixFileMode(place) & Permissions;
        options.UnixCreateMode = mode; // from the beginning: who may open the empty file can read later what is written to it
        var stream = new FileStream(path, options);
        try
        {
            // The process's mask may have taken some of them.
            if (File.GetUnixFileMode(stream.SafeFileHandle) != mode) File.SetUnixFileMode(stream.SafeFileHandle, mode);
            return stream;
        }
        catch
        {
            stream.Dispose();
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
