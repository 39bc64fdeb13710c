namespace VlmSharp.Explain.Html;

/// <summary>How every page begins: one file that needs nothing else, and that a browser lets load nothing and run nothing.</summary>
internal static class PageHead
{
    /// <summary>Writes all up to <c>&lt;body&gt;</c>, with the style that pages share.</summary>
    /// <param name="page">The page.</param>
    /// <param name="title">Its title.</param>
    /// <param name="css">Further style of its own, or null.</param>
    public static void Write(HtmlWriter page, string title, string? css = null)
    {
        page.Add($"""
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>{title} – VlmSharp</title>
            <style>

            """);
        page.Literal(PageStyle.Css);
        if (css is not null) page.Literal($"\n{css}");
        page.Add($"""

            </style>
            </head>
            <body>
            """);
    }
}
