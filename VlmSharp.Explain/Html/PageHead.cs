namespace VlmSharp.Explain.Html;

/// <summary>The beginning of every page: one self-contained file that makes a browser load nothing else and run nothing.</summary>
internal static class PageHead
{
    /// <summary>Writes everything up to <c>&lt;body&gt;</c>, with the style that pages share.</summary>
    /// <param name="page">Receives the markup; nothing may be written before it.</param>
    /// <param name="title">Plain text for the browser's tab; it is escaped.</param>
    /// <param name="css">More style for this page, or null.</param>
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
