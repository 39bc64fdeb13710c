namespace VlmSharp.Cli.Output;

/// <summary>Files that appear under their name only when they are complete.</summary>
internal static class PartialFile
{
    /// <summary>
    /// Writes a file under another name, which ends with <c>.partial</c>, and moves it to its name when it is complete. A failed or
    /// canceled write leaves nothing behind, and the file that had the name stays. Several processes may write the same file: the last one
    /// to be complete counts.
    /// </summary>
    /// <param name="path">The file; it may be one that <paramref name="write"/> reads.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string name = $".{Random.Shared.NextInt64():x16}.partial"; // short, since the file's own name may be as long as names can be
        string partial = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        try
        {
            using (var stream = new BufferedStream(File.Create(partial))) write(stream);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
