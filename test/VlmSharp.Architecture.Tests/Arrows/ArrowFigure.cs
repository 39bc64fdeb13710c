using System.Text;

namespace VlmSharp.Architecture.Tests.Arrows;

/// <summary>
/// The figure of all arrows: a block of a page that people read and that the tests compare with the assemblies:
/// <code>
/// VlmSharp.Core
///     Tasks        -&gt; Models, Formats
///     Models       -&gt; Formats
///     Formats
/// </code>
/// A line at the margin names a project. A line below it names a folder and, after the arrow, the folders that it uses; a long line
/// continues on the next one. A folder stands above all that it uses.
/// </summary>
internal sealed class ArrowFigure
{
    private const int Columns = 120;
    private const string Fence = "```", Opening = Fence + "text arrows\n", Indent = "    ", Points = " -> ";

    private readonly Dictionary<string, HashSet<Arrow>> arrows = [];

    private ArrowFigure(string text)
    {
        string graph = "", from = "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith(Indent, StringComparison.Ordinal))
            {
                arrows.Add(graph = line, []);
                continue;
            }

            string[] sides = line.Split(Points);
            if (line[Indent.Length] != ' ') from = sides[0].Trim(); // otherwise the previous row continues
            if (sides.Length == 1 && line[Indent.Length] != ' ') continue; // a folder that uses none
            string[] targets = sides[^1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            arrows[graph].UnionWith(targets.Select(to => new Arrow(from, to)));
        }
    }

    /// <summary>Reads the figure of a page.</summary>
    public static ArrowFigure In(string page) => new(page[PlaceIn(page)]);

    /// <summary>The place of the figure on a page, without the fences of the block.</summary>
    /// <exception cref="FormatException">The page has no figure.</exception>
    public static Range PlaceIn(string page)
    {
        int start = page.IndexOf(Opening, StringComparison.Ordinal) + Opening.Length;
        int end = start < Opening.Length ? -1 : page.IndexOf("\n" + Fence, start - 1, StringComparison.Ordinal);
        if (end < 0) throw new FormatException($"The page has no block that begins with {Opening.TrimEnd()} and ends with {Fence}.");
        return start..(end + 1);
    }

    /// <summary>Draws the figure.</summary>
    public static string Draw(IEnumerable<ArrowGraph> graphs)
    {
        var text = new StringBuilder();
        foreach (ArrowGraph graph in graphs)
        {
            string[] rows = [.. graph.Rows];
            int width = rows.Max(row => row.Length);
            text.Append(text.Length > 0 ? "\n" : "").Append(graph.Name).Append('\n');
            foreach (string from in rows)
                DrawRow(text, Indent + from.PadRight(width), [.. rows.Where(to => graph.Arrows.ContainsKey(new Arrow(from, to)))]);
        }

        return text.ToString();
    }

    /// <summary>The differences between the figure and the assemblies, one a line.</summary>
    public IEnumerable<string> DifferencesFrom(ArrowGraph found)
    {
        HashSet<Arrow> shown = arrows.GetValueOrDefault(found.Name, []);
        IEnumerable<string> missing = found.Arrows.Where(arrow => !shown.Contains(arrow.Key))
            .Select(arrow => $"{found.Name}: {arrow.Key.From}{Points}{arrow.Key.To} is not in the figure: {arrow.Value}.");
        IEnumerable<string> stale = shown.Where(arrow => !found.Arrows.ContainsKey(arrow))
            .Select(arrow => $"{found.Name}: {arrow.From}{Points}{arrow.To} is in the figure alone: no type uses another one so.");
        return missing.Concat(stale).Order(StringComparer.Ordinal);
    }

    private static void DrawRow(StringBuilder text, string head, string[] targets)
    {
        string line = targets.Length == 0 ? head.TrimEnd() : head + Points;
        for (int i = 0; i < targets.Length; i++)
        {
            string target = targets[i] + (i < targets.Length - 1 ? ", " : "");
            if ((line + target).TrimEnd().Length > Columns)
            {
                text.Append(line.TrimEnd()).Append('\n');
                line = new string(' ', head.Length + Points.Length);
            }

            line += target;
        }

        text.Append(line).Append('\n');
    }
}
