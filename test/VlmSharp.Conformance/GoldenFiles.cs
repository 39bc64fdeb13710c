namespace VlmSharp.Conformance;

/// <summary>Finds the test data of the repository, wherever the tests run.</summary>
public static class GoldenFiles
{
    /// <summary>The repository: the folder with VlmSharp.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of the demo model.</summary>
    public static string DemoModel => Path.Combine(Root, "demo", "model");

    /// <summary>The folder of the golden models.</summary>
    internal static string Models => Path.Combine(Root, "test", "golden", "models");

    /// <summary>A file or folder under <c>test/golden</c>, or in the folder where a derived model was made.</summary>
    /// <param name="parts">The parts of its path.</param>
    /// <returns>The full path.</returns>
    public static string PathOf(params string[] parts) =>
        parts is ["models", string model, ..] && DerivedModels.FolderOf(model) is { } made
            ? Path.Combine([made, .. parts[2..]])
            : Path.Combine([Root, "test", "golden", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "VlmSharp.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No VlmSharp.sln above {AppContext.BaseDirectory}: run the tests inside the repository.");
    }
}
