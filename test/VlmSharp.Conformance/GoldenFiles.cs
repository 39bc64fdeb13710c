namespace VlmSharp.Conformance;

/// <summary>Finds the golden files of the repository from wherever the tests run.</summary>
public static class GoldenFiles
{
    /// <summary>The repository's root: the nearest folder above the test assembly that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file or folder under <c>test/golden</c>.</summary>
    /// <param name="parts">The steps of the path.</param>
    /// <returns>The full path.</returns>
    public static string PathOf(params string[] parts) => Path.Combine([Root, "test", "golden", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "VlmSharp.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds VlmSharp.sln.");
    }
}
