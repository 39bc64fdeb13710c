using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace VlmSharp.Explain.Html;

/// <summary>
/// Writes markup from interpolated strings: literal parts are markup, and interpolated values are text, which is escaped. So
/// nothing in a prompt, a vocabulary or a file name can become markup. The result is well-formed XML.
/// </summary>
/// <param name="output">Where the page goes.</param>
internal sealed class HtmlWriter(TextWriter output)
{
    /// <summary>Writes <c>$"&lt;td&gt;{text}&lt;/td&gt;"</c>.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "The argument has written to this page as it was put together.")]
    public void Add([InterpolatedStringHandlerArgument("")] Markup markup) => _ = markup;

    /// <summary>Writes markup from the source code as it is.</summary>
    internal void Literal(string markup) => output.Write(markup);

    /// <summary>Writes any text, escaped for an element or a quoted attribute. Characters that XML cannot hold become U+FFFD.</summary>
    internal void Text(string? text)
    {
        if (text is null) return;
        foreach (char c in text)
        {
            if (!IsForbidden(c)) continue;
            output.Write(WebUtility.HtmlEncode(Replace(text)));
            return;
        }

        output.Write(WebUtility.HtmlEncode(text));
    }

    private static string Replace(string text)
    {
        var replaced = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) // a lone surrogate enumerates as U+FFFD
            replaced.Append(rune.IsBmp && IsForbidden((char)rune.Value) ? "\uFFFD" : rune.ToString());
        return replaced.ToString();
    }

    private static bool IsForbidden(char c) =>
        (char.IsControl(c) && c is not ('\n' or '\t')) || char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF';

    /// <summary>The interpolated string behind <see cref="Add"/>.</summary>
    [InterpolatedStringHandler]
    public readonly struct Markup
    {
        private readonly HtmlWriter page;

        /// <summary>Called by the compiler.</summary>
        public Markup(int literalLength, int formattedCount, HtmlWriter page) => this.page = page;

        /// <summary>Writes markup as it stands.</summary>
        public void AppendLiteral(string markup) => page.Literal(markup);

        /// <summary>Writes text, with what would be markup in it escaped.</summary>
        public void AppendFormatted(string? text) => page.Text(text);

        /// <summary>A whole number.</summary>
        public void AppendFormatted(long number) => page.Literal(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>A number in a format such as <c>0.0</c>; 0 if it is not finite, because it may be a coordinate.</summary>
        public void AppendFormatted(double number, string format) =>
            page.Literal((double.IsFinite(number) ? number : 0).ToString(format, CultureInfo.InvariantCulture));
    }
}
