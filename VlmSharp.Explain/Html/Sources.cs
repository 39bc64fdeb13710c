namespace VlmSharp.Explain.Html;

/// <summary>The line under a section's text: its equation, and the source files that implement it.</summary>
internal static class Sources
{
    /// <summary>Writes the line.</summary>
    /// <param name="page">Receives the markup; texts are escaped.</param>
    /// <param name="equation">In plain characters.</param>
    /// <param name="files">Paths from the repository's root.</param>
    public static void Write(HtmlWriter page, string equation, params ReadOnlySpan<string> files)
    {
        page.Add($"""<p class="equation"><code>{equation}</code></p><p class="files">In the code: """);
        for (int i = 0; i < files.Length; i++) page.Add($"{(i == 0 ? "" : ", ")}<code>{files[i]}</code>");
        page.Add($".</p>\n");
    }
}
