using System.CommandLine;

namespace VlmSharp.Cli.Output;

/// <summary>The folder of a file that will be written.</summary>
internal static class OutputFolder
{
    /// <summary>Checks, before hours of work, that a file can be written where it is wanted: its folder is there and takes new files.</summary>
    /// <exception cref="IOException">It is not, or does not.</exception>
    public static void Require(string target, Option option)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(target)) ?? target;
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"{folder} does not exist: create it, or give another {option.Name}.");
        if (Directory.Exists(target)) throw new IOException($"{target} is a folder: give a file's name for {option.Name}.");
        if (File.Exists(target)) return; // a device, for instance, needs no new file
        try
        {
            File.OpenHandle(Path.Combine(folder, $".vlmsharp-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder} takes no new files: allow it, or give another {option.Name}.", e);
        }
    }
}
