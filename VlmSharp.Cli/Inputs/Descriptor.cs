using System.Runtime.InteropServices;

namespace VlmSharp.Cli.Inputs;

/// <summary>The files that a process is started with: 0 is standard input, 1 standard output.</summary>
internal static partial class Descriptor
{
    private const int GetFlags = 1, CloseOnExec = 1; // F_GETFD, FD_CLOEXEC

    /// <summary>
    /// Whether the process was started with a descriptor closed (<c>&lt;&amp;-</c>). The runtime has then opened a file of its own under
    /// that number, often a pipe on which a reader would wait forever. Such files are closed in programs that this one starts; what another
    /// program has handed over cannot be.
    /// </summary>
    /// <param name="number">The descriptor's number.</param>
    public static bool IsMissing(int number) =>
        !OperatingSystem.IsWindows() && Control(number, GetFlags) is var flags && (flags < 0 || (flags & CloseOnExec) != 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command);
}
