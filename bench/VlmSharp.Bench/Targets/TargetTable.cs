using System.Diagnostics;
using System.Globalization;

namespace VlmSharp.Bench.Targets;

/// <summary>The rows of the results, printed as a Markdown table at the end; progress goes to standard error at once.</summary>
internal sealed class TargetTable
{
    private readonly List<string> rows = [];
    private readonly long start = Stopwatch.GetTimestamp();

    /// <summary>Adds a share of the machine's limits.</summary>
    /// <param name="target">What is measured.</param>
    /// <param name="work">The case that is measured.</param>
    /// <param name="series">Times, and the limits that were measured between them.</param>
    /// <param name="rate">A figure for users, such as tokens/s.</param>
    /// <param name="goal">The share to reach, or 0 if there is none.</param>
    /// <param name="calls">The calls in a repetition; the time shown is that of one call.</param>
    public void Add(string target, string work, PairedSeries series, string rate, double goal = 0, int calls = 1) =>
        Add(
            target, work, series.Limits, Time(series.Seconds / calls), rate, Percent(series.Share), goal > 0 ? $">= {Percent(goal)}" : "",
            goal > 0 ? series.Share >= goal : null);

    /// <summary>Adds a figure of any kind.</summary>
    public void Add(string target, string work, string limits, string time, string rate, string figure, string goal, bool? met)
    {
        string isMet = met is null ? "" : met.Value ? "yes" : "**no**";
        rows.Add($"| {target} | {work} | {limits} | {time} | {rate} | {figure} | {goal} | {isMet} |");
        Note($"{target}, {work}: {figure}");
    }

    /// <summary>Reports progress on standard error.</summary>
    public void Note(string text) =>
        Console.Error.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(start).TotalSeconds,4:0} s] {text}"));

    /// <summary>Prints the table.</summary>
    public void Write()
    {
        Console.WriteLine("| target | case | limits around it | time | rate | figure | goal | met |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (string row in rows) Console.WriteLine(row);
    }

    /// <summary>A time in a suitable unit.</summary>
    public static string Time(double seconds) =>
        seconds >= 1 ? $"{seconds:0.00} s" : seconds >= 1e-3 ? $"{seconds * 1e3:0.0} ms" : $"{seconds * 1e6:0} us";

    private static string Percent(double share) => $"{share * 100:0} %";
}
