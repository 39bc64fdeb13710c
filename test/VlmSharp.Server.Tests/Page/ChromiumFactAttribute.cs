namespace VlmSharp.Server.Tests.Page;

/// <summary>A test that uses the page in a browser. It is skipped, with a reason, if there is no Chromium.</summary>
public sealed class ChromiumFactAttribute : FactAttribute
{
    /// <summary>Sets the reason where there is no browser.</summary>
    public ChromiumFactAttribute() => Skip = Chromium.SkipReason;
}

/// <summary>A <see cref="ChromiumFactAttribute"/> with several cases.</summary>
public sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    /// <summary>Sets the reason where there is no browser.</summary>
    public ChromiumTheoryAttribute() => Skip = Chromium.SkipReason;
}

/// <summary>The browser of the system. Playwright brings only its driver; no browser is downloaded.</summary>
internal static class Chromium
{
    /// <summary>The path of the browser, or null.</summary>
    public static string? Path { get; } =
        new[]
        {
            Environment.GetEnvironmentVariable("VLMSHARP_CHROMIUM"),
            "/usr/bin/chromium",
            "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome"
        }.FirstOrDefault(File.Exists);

    /// <summary>The reason to skip a test; null if there is a browser.</summary>
    public static string? SkipReason { get; } =
        Path is null ? "no Chromium: apt-get install chromium, or name its program in VLMSHARP_CHROMIUM" : null;
}
