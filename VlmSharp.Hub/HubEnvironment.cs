namespace VlmSharp.Hub;

/// <summary>The environment variables of Python's tools, with their order and defaults.</summary>
internal static class HubEnvironment
{
    public static string CacheDirectory(Func<string, string?> read) =>
        Folder(read, Text(read, "HF_HUB_CACHE") ?? Text(read, "HUGGINGFACE_HUB_CACHE")) ?? Path.Combine(Home(read), "hub");

    public static string TokenFile(Func<string, string?> read) =>
        Folder(read, Text(read, "HF_TOKEN_PATH")) ?? Path.Combine(Home(read), "token");

    public static HubToken? Token(Func<string, string?> read, string tokenFile)
    {
        if (IsTrue(read, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) return null;
        foreach (string name in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
            if (HubToken.From(read(name), name) is { } token) return token;
        return File.Exists(tokenFile) ? HubToken.Load(tokenFile) : null;
    }

    public static bool IsTrue(Func<string, string?> read, string name) => read(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    /// <summary>An environment variable; an empty one counts as unset.</summary>
    public static string? Text(Func<string, string?> read, string name) => read(name) is { Length: > 0 } text ? text : null;

    private static string Home(Func<string, string?> read) => Folder(read, Text(read, "HF_HOME"))
        ?? Path.Combine(Folder(read, Text(read, "XDG_CACHE_HOME")) ?? Path.Combine(UserHome(read), ".cache"), "huggingface");

    /// <summary>Expands a leading ~ in a path.</summary>
    private static string? Folder(Func<string, string?> read, string? path) =>
        path is null
            ? null
            : Path.GetFullPath(path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? UserHome(read) + path[1..] : path);

    private static string UserHome(Func<string, string?> read) =>
        Text(read, OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")
        ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
