using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VlmSharp.Training.Data;

/// <summary>
/// Data files are read more than once, so they must be seekable. A named pipe is not, and opening one may wait forever for a writer. The
/// file is opened and not only looked up, because the pipe of <c>&lt;(...)</c> in a shell is an open file that no path leads to.
/// </summary>
internal static partial class RegularFile
{
    /// <summary>Throws if a path is a pipe; other problems show when the file is opened.</summary>
    /// <exception cref="TrainingDataException">It is a pipe.</exception>
    public static void Require(string path)
    {
        if (OperatingSystem.IsWindows()) return; // its pipes have paths of their own
        using var handle = new SafeFileHandle(Open(path, Flags), ownsHandle: true);
        if (handle.IsInvalid) return;
        try
        {
            _ = RandomAccess.GetLength(handle);
        }
        catch (NotSupportedException e)
        {
            throw new TrainingDataException($"{path} is a pipe, which cannot be read twice: give a file.", e);
        }
    }

    /// <summary>O_RDONLY | O_NONBLOCK | O_CLOEXEC: a pipe opens at once.</summary>
    private static int Flags => OperatingSystem.IsLinux() ? 0x800 | 0x80000 : 0x4 | 0x1000000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
