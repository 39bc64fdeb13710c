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
        RequireFile();
        return Console.OpenStandardInput();
    }

    /// <summary>
    /// Refuses a command line that names standard input by a path such as <c>/dev/stdin</c> in a process that was started without it or
    /// with a folder. Whatever reads the path of closed standard input would wait forever, as <see cref="Descriptor.IsMissing"/> says.
    /// </summary>
    /// <param name="words">The command line.</param>
    /// <exception cref="UsageException">A word is such a path.</exception>
    public static void RequireOpenIfNamed(IEnumerable<string> words)
    {
        if (words.Any(word => word.Length > 0 && OpenFile.IsInput(word))) RequireFile();
    }

    private static void RequireFile()
    {
        if (Descriptor.IsMissing(0))
            throw new UsageException("Standard input is closed, and this command reads it: give it a file (< FILE) or a pipe.");
        if (!Directory.Exists(Path)) return;
        throw new UsageException(
            "Standard input is a folder, and this command reads a file from it: give it a file (< FILE) or a pipe; "
                + "'vlmsharp batch FOLDER' takes the pictures of a folder.");
    }
}
