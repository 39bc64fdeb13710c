using System.Runtime.InteropServices;

namespace VlmSharp.Training.Runs;

/// <summary>Makes sure that files and names survive a failing machine, which a plain write does not promise.</summary>
internal static partial class DurableFiles
{
    private const int ReadOnly = 0, InvalidArgument = 22;

    /// <summary>Waits until a file's bytes are on disk.</summary>
    public static void SyncFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Writes a small file and waits until it is on disk.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Waits until the names in a folder are on disk. Windows keeps them in its journal by itself.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        int file = Open(path, ReadOnly);
        if (file < 0) throw new IOException($"{path} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        try
        {
            // A file system that does not support this reports an invalid argument.
            if (Sync(file) != 0 && Marshal.GetLastPInvokeError() is var error and not InvalidArgument)
                throw new IOException($"{path} could not be written to disk (error {error}).");
        }
        finally
        {
            _ = Close(file);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);
}
