using System.Formats.Tar;

namespace VlmSharp.Cli.Batch;

/// <summary>Entries of a folder that are no regular files: pipes, on which a batch would wait for a writer, sockets and devices.</summary>
internal static class SpecialFile
{
    /// <summary>The kind of a special file; null for any other, also for one that does not exist.</summary>
    /// <param name="path">Its path; a link is what it leads to.</param>
    public static string? KindOf(string path)
    {
        if (OperatingSystem.IsWindows()) return null; // it has none of them in folders
        try
        {
            return TargetOf(path) is { Exists: true, Length: 0 } empty ? KindOf(empty) : null; // special files have no length
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a link to itself, or a file that may not be read: its record says so
        }
    }

    /// <summary>A file, or what a link leads to in the end.</summary>
    /// <exception cref="IOException">It leads to itself.</exception>
    public static FileInfo TargetOf(string path)
    {
        var file = new FileInfo(path);
        return file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
    }

    // .NET offers the type of a file only through its tar archives. The archive entry opens nothing that would block.
    private static string? KindOf(FileInfo file)
    {
        using var stream = new MemoryStream();
        try
        {
            using var writer = new TarWriter(stream, leaveOpen: true);
            writer.WriteEntry(file.FullName, "file");
        }
        catch (IOException)
        {
            return "socket"; // an archive has all types but this one
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
