namespace VlmSharp.Hub;

/// <summary>The name of a file in a repository. It comes from an untrusted source and becomes a local path.</summary>
internal static class RepositoryPath
{
    private const int MostCharacters = 512, MostPartCharacters = 200;

    // Windows treats these names as devices, with any extension.
    private static readonly string[] Devices =
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(n => (string[])[$"COM{n}", $"LPT{n}"])];

    /// <summary>The problem with a name, or null: a path that leaves the folder, or that means something else on another system.</summary>
    /// <param name="name">The name, its parts separated by /.</param>
    /// <returns>The problem, as the end of a sentence.</returns>
    public static string? Problem(string name)
    {
        if (name.Length is 0 or > MostCharacters) return "it is empty or too long";
        if (name.Any(c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|'))
            return "it has a character that no file name has everywhere";
        return name.Split('/').Select(ProblemOfPart).FirstOrDefault(problem => problem is not null);
    }

    private static string? ProblemOfPart(string part) => part switch
    {
        "" => "it is no path within the repository",
        "." or ".." => "it leads out of the repository",
        _ when part.Length > MostPartCharacters => "it is too long",
        _ when part[^1] is '.' or ' ' => "it ends with a dot or a space",
        _ when Devices.Contains(part.Split('.')[0].TrimEnd(' '), StringComparer.OrdinalIgnoreCase) => "it is the name of a device",
        _ => null,
    };
}
