using System.Runtime.InteropServices;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Inputs;

/// <summary>Standard input of the process.</summary>
internal static partial class StandardInput
{
    private const int GetDescriptorFlags = 1, CloseOnExec = 1; // F_GETFD, FD_CLOEXEC

    /// <summary>Opens it.</summary>
    /// <exception cref="UsageException">The process was started without it.</exception>
    public static Stream Open() => IsMissing
        ? throw new UsageException("Standard input is closed, and this command reads it: give it a file (< FILE) or a pipe.")
        : Console.OpenStandardInput();

    /// <summary>
    /// Whether the process was started with its descriptor 0 closed (<c>&lt;&amp;-</c>). The runtime has then opened a file of its own
    /// under that number, often a pipe on which a reader would wait forever. Such files are closed in programs that this one starts; what
    /// another program has handed over cannot be.
    /// </summary>
    private static bool IsMissing =>
        !OperatingSystem.IsWindows() && Control(0, GetDescriptorFlags) is var flags && (flags < 0 || (flags & CloseOnExec) != 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command);
}
