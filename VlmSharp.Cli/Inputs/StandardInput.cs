using VlmSharp.Cli.Errors;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Inputs;

/// <summary>Standard input of the process.</summary>
internal static class StandardInput
{
    private const string Path = "/dev/stdin";

    /// <summary>Opens it.</summary>
    /// <exception cref="UsageException">The process was started without it, or with a folder.</exception>
    public static Stream Open()
    {
        return Fault() is { } fault ? throw fault : Console.OpenStandardInput();
    }

    /// <summary>
    /// Refuses a command line that names standard input by a path such as <c>/dev/stdin</c> in a process that was started without it or
    /// with a folder. Whatever reads the path of closed standard input would wait forever, as <see cref="Descriptor.IsMissing"/> says.
    /// </summary>
    /// <param name="words">The command line.</param>
    /// <exception cref="UsageException">A word is such a path.</exception>
    public static void RequireOpenIfNamed(IEnumerable<string> words)
    {
        if (Fault() is { } fault && words.Any(word => word.Length > 0 && OpenFile.IsInput(word))) throw fault;
    }

    // What is wrong with it for a command that reads it; null if nothing is.
    private static UsageException? Fault() =>
        Descriptor.IsMissing(0)
            ? new("Standard input is closed, and this command reads it: give it a file (< FILE) or a pipe.")
        : Directory.Exists(Path)
            ? new("Standard input is a folder, and this command reads a file from it: give it a file (< FILE) or a pipe; "
                + "'vlmsharp batch FOLDER' takes the pictures of a folder.")
        : null;
}
