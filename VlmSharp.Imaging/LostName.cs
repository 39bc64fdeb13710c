namespace VlmSharp.Imaging;

/// <summary>
/// Names of files that are not UTF-8, as they come from old disks and archives. .NET reads such bytes as U+FFFD, and a name with that
/// letter leads to no file.
/// </summary>
internal static class LostName
{
    /// <summary>What is wrong and what to do, as the end of a sentence that begins with the path.</summary>
    public const string Advice =
        "does not exist by this name, and a name that is not UTF-8 cannot be opened: rename the file";

    /// <summary>Whether a path leads nowhere because its name is not UTF-8.</summary>
    public static bool Is(string path) => path.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(path);
}
