using System.Text.RegularExpressions;

namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>A Markdown page: its links, its headings, and its text in code font.</summary>
internal sealed partial class Page
{
    public Page(string text)
    {
        text = text.ReplaceLineEndings("\n");
        Blocks = [.. Fenced().Matches(text).Select(match => match.Value)];
        string prose = Fenced().Replace(text, "");
        Spans = [.. Span().Matches(prose).Select(match => match.Groups[1].Value)];
        Indented = [.. IndentedLine().Matches(prose).Select(match => match.Value.Trim())];
        Links = [.. Link().Matches(Span().Replace(prose, "")).Select(match => match.Groups[1].Value)];
        Anchors = AnchorsOf(Heading().Matches(prose).Select(match => match.Groups[1].Value));
    }

    /// <summary>The targets of links and pictures.</summary>
    public IReadOnlyList<string> Links { get; }

    /// <summary>The anchors of the headings: what a link has after its #.</summary>
    public IReadOnlySet<string> Anchors { get; }

    /// <summary>The text in code font within a line.</summary>
    public IReadOnlyList<string> Spans { get; }

    /// <summary>Blocks of code, fences included.</summary>
    public IReadOnlyList<string> Blocks { get; }

    /// <summary>Lines of code that are indented, as commands are.</summary>
    public IReadOnlyList<string> Indented { get; }

    // GitHub's anchors: lower case, no punctuation, hyphens for spaces, and a number from the second of equal headings on.
    private static HashSet<string> AnchorsOf(IEnumerable<string> headings)
    {
        var anchors = new HashSet<string>();
        foreach (string heading in headings)
        {
            string anchor = Punctuation().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (int number = 0; !anchors.Add(number == 0 ? anchor : $"{anchor}-{number}");) number++;
        }

        return anchors;
    }

    [GeneratedRegex(@"^ *```.*?^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"`([^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"^(?: {4}|\t).*$", RegexOptions.Multiline)]
    private static partial Regex IndentedLine();

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
