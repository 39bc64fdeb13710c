namespace VlmSharp.Training.Data;

/// <summary>Resolves the picture names of a data file to paths.</summary>
internal static class ImagePaths
{
    /// <summary>Joins a name to the folder of the data file.</summary>
    /// <exception cref="FormatException">It is no name of a file.</exception>
    public static string Join(string folder, string name)
    {
        if (name.Length == 0) throw new FormatException("the picture's name is empty");
        if (name.Contains('\0', StringComparison.Ordinal))
            throw new FormatException("the picture's name has a character in it that no file has");
        if (name.Contains("://", StringComparison.Ordinal))
            throw new FormatException($"{MessageText.Quote(name)} is an address; VlmSharp downloads nothing, so fetch the pictures first");
        return Path.Combine(folder, name);
    }
}
