using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Training.Tests.Pages;

/// <summary>
/// The numbers of a page of <c>docs</c>: blocks of <c>text numbers</c>, a name and its rows, and those with four digits in the text.
/// </summary>
internal sealed partial class PageNumbers
{
    private const double Rounding = 0.51e-4; // half of the last digit plus the rounding of fp32

    private readonly Dictionary<string, double[][]> shown = [];
    private readonly string text;

    public PageNumbers(string page)
    {
        text = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", page));
        foreach (Match block in Block().Matches(text))
        {
            string name = "";
            foreach (string line in block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (!char.IsWhiteSpace(line[0])) (name, words) = (words[0], words[1..]);
                double[] row = [.. words.Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
                shown[name] = shown.TryGetValue(name, out double[][]? before) ? [.. before, row] : [row];
            }
        }
    }

    /// <summary>Checks that the page shows all of these numbers, rounded to four digits, and no others.</summary>
    public void AssertAre(params (string Name, double[][] Rows)[] computed)
    {
        Assert.Equal(computed.Select(entry => entry.Name).Order(StringComparer.Ordinal), shown.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, double[][] rows) in computed)
        {
            Assert.True(rows.Length == shown[name].Length, $"{name} has {shown[name].Length} rows on the page, in truth {rows.Length}.");
            foreach ((double[] expected, double[] row) in rows.Zip(shown[name]))
                Assert.True(expected.Length == row.Length && expected.Zip(row).All(pair => Math.Abs(pair.First - pair.Second) <= Rounding),
                    $"{name}: the page has {Text(row)}, in truth it is {Text(expected)}.");
        }

        double[] all = [.. computed.SelectMany(entry => entry.Rows).SelectMany(row => row)];
        foreach (Match number in Number().Matches(Block().Replace(text, "")))
        {
            double value = double.Parse(number.Value, CultureInfo.InvariantCulture);
            bool isShown = all.Any(v => Math.Abs(Math.Abs(v) - value) <= Rounding);
            Assert.True(isShown, $"The text has {number.Value}, which is none of the numbers that it computes.");
        }
    }

    private static string Text(IEnumerable<double> row) =>
        string.Join("  ", row.Select(v => v.ToString("0.00000", CultureInfo.InvariantCulture)));

    [GeneratedRegex("```text numbers\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\b\d+\.\d{4}\b")]
    private static partial Regex Number();
}
