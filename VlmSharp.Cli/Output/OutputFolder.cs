using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Output;

/// <summary>Checks the folder of a file that will be written.</summary>
internal static class OutputFolder
{
    /// <summary>
    /// Throws if the file's name has the extension of another kind of picture or page than will be written: programs could not open it.
    /// </summary>
    /// <param name="target">The file's name.</param>
    /// <param name="option">The option, for messages.</param>
    /// <param name="kind">The extension of what is written. Extensions that are not of a picture or page are always accepted.</param>
    /// <exception cref="UsageException">The name has the extension of another kind.</exception>
    public static void RefuseOtherKind(string target, Option option, string kind)
    {
        string ending = Path.GetExtension(target);
        bool says = PictureNames.IsPicture(target) || PictureNames.UnreadKind(target) is not null || ending is ".json" or ".html" or ".htm";
        if (says && !ending.Equals(kind, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"{option.Name} {target}: what is written is a {kind} file, so name it "
                + $"{Path.ChangeExtension(target, kind)}.");
    }

    /// <summary>Checks before hours of work that a file can be written: its folder exists and accepts new files.</summary>
    /// <param name="target">Path of the file that will be written; a device is accepted.</param>
    /// <param name="option">The option, for messages.</param>
    /// <param name="kind">The extension of what is written; null to accept any.</param>
    /// <param name="isAlone">Whether the command prints nothing else, so that a path of standard output is accepted.</param>
    /// <exception cref="IOException">The folder does not exist or accepts no new files.</exception>
    /// <exception cref="UsageException">
    /// The name has the extension of another kind, or stands for standard output, which a command that writes there looks for first.
    /// </exception>
    public static void Require(string target, Option option, string? kind = null, bool isAlone = false)
    {
        if (target == StandardOutput.Name) throw new UsageException($"{option.Name} {target}: this is not written to standard output; "
            + $"give a file's name, or ./{target} for a file of that name.");
        if (OpenFile.IsOutput(target))
        {
            if (!isAlone) throw new UsageException($"{option.Name} {target}: the command prints text there; give a file's name.");
            StandardOutput.RequireOpen();
        }

        if (kind is not null) RefuseOtherKind(target, option, kind);
        string folder = Path.GetDirectoryName(Path.GetFullPath(target)) ?? target;
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{folder} does not exist: create it, or give another {option.Name}.");
        if (Directory.Exists(target)) throw new IOException($"{target} is a folder: give a file's name for {option.Name}.");
        if (File.Exists(target)) return; // a device, for instance, needs no new file
        try
        {
            string probe = Path.Combine(folder, $".vlmsharp-{Guid.NewGuid():N}");
            File.OpenHandle(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder} takes no new files: allow it, or give another {option.Name}.", e);
        }
    }
}
