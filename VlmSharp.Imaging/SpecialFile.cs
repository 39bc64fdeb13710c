using System.Formats.Tar;

namespace VlmSharp.Imaging;

/// <summary>Files that are no regular ones: pipes, on which a reader would wait for a writer, sockets and devices.</summary>
internal static class SpecialFile
{
    /// <summary><see cref="Exception.HResult"/> of an <see cref="IOException"/> that is .NET's own, and not of the system.</summary>
    private const int NotOfTheSystem = unchecked((int)0x80131620);

    /// <summary>The size of a file in bytes, and its kind if it is a special one. The file system is asked once.</summary>
    /// <param name="path">Its path; a link is what it leads to.</param>
    /// <returns>-1 and null if there is no such file, or a link leads to none: its record says so.</returns>
    public static (long Size, string? Kind) Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            if (!file.Exists) return (-1, null);
            return (file.Length, file.Length == 0 ? KindOf(file) : null); // special files have no length
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (-1, null); // a link to itself, or one that may not be followed
        }
    }

    // .NET offers the type of a file only through its tar archives. The archive entry opens nothing that would block.
    private static string? KindOf(FileInfo file)
    {
        if (OperatingSystem.IsWindows()) return null; // it has none of them in folders
        using var stream = new MemoryStream();
        try
        {
            using var writer = new TarWriter(stream, leaveOpen: true);
            writer.WriteEntry(file.FullName, "file");
        }
        catch (IOException e) when (e.HResult == NotOfTheSystem)
        {
            return "socket"; // an archive has all types but this one
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a file that may not be read: its record says so
        }

        stream.Position = 0;
        using var reader = new TarReader(stream);
        return reader.GetNextEntry()?.EntryType switch
        {
            TarEntryType.Fifo => "pipe",
            TarEntryType.CharacterDevice or TarEntryType.BlockDevice => "device",
            _ => null,
        };
    }
}
