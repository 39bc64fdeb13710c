using System.Text;

namespace VlmSharp.Explain.Html;

/// <summary>Writes a whole page: its head, then the body that a kind of page adds.</summary>
internal static class PageFile
{
    private const int LongestTitle = 200;

    /// <summary>Creates a file, or replaces it, and lets the caller write it.</summary>
    public static void Save(string path, Action<Stream> write)
    {
        using FileStream stream = File.Create(path);
        write(stream);
    }

    /// <summary>Writes a page, UTF-8 without a byte order mark.</summary>
    /// <param name="stream">Where to write; left open.</param>
    /// <param name="title">The page's title.</param>
    /// <param name="css">More style for this page, or null.</param>
    /// <param name="body">Writes everything after <c>&lt;body&gt;</c>.</param>
    public static void Write(Stream stream, string title, string? css, Action<HtmlWriter> body)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var text = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        var page = new HtmlWriter(text);
        PageHead.Write(page, title, css);
        page.Literal("\n");
        body(page);
    }

    /// <summary>Text short enough for a title; if it is cut, it ends with an ellipsis, and no surrogate pair is split.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= LongestTitle) return text;
        int length = char.IsHighSurrogate(text[LongestTitle - 1]) ? LongestTitle - 1 : LongestTitle;
        return $"{text[..length]}…";
    }
}
