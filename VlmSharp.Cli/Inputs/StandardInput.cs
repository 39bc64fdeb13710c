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
        if (Descriptor.IsMissing(0)) throw Closed();
        return !Directory.Exists(Path) ? Console.OpenStandardInput() : throw new UsageException(
            "Standard input is a folder, and this command reads a file from it: give it a file (< FILE) or a pipe; "
                + "'vlmsharp batch FOLDER' takes the pictures of a folder.");
    }

    /// <summary>
    /// Refuses a command line that names standard input by a path such as <c>/dev/stdin</c> in a process that was started without it:
    /// whatever reads that path would wait forever, as <see cref="Descriptor.IsMissing"/> says.
    /// </summary>
    /// <param name="words">The command line.</param>
    /// <exception cref="UsageException">A word is such a path.</exception>
    public static void RequireOpenIfNamed(IEnumerable<string> words)
    {
        if (Descriptor.IsMissing(0) && words.Any(word => word.Length > 0 && OpenFile.IsInput(word))) throw Closed();
    }

    private static UsageException Closed() =>
        new("Standard input is closed, and this command reads it: give it a file (< FILE) or a pipe.");
}
