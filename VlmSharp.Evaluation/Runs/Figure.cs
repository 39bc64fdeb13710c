using System.Globalization;
using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Runs;

/// <summary>A figure of a run.</summary>
/// <param name="Key">Its name in JSON, the same as in <c>eval score</c>.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Value">Its value. If there is nothing to measure, it is NaN, or -1 for boxes.</param>
/// <param name="IsPercent">Whether it is in percent with two decimals, as in benchmarks of answers; otherwise it is 0 to 1, CIDEr-D 0 to
/// 10.</param>
/// <param name="Interval">The 95 % interval, or null.</param>
internal sealed record Figure(string Key, string Title, double Value, bool IsPercent, Interval? Interval)
{
    /// <summary>The value for tables.</summary>
    public string Shown => Show(Value, IsPercent);

    /// <summary>The interval for tables; empty if there is none.</summary>
    public string ShownInterval => Interval is not { } i ? "" : $"{Show(i.Low, IsPercent)} to {Show(i.High, IsPercent)}";

    /// <summary>A value for tables.</summary>
    public static string Show(double value, bool isPercent) =>
        !double.IsFinite(value) || (value == -1 && !isPercent)
            ? "-"
            : value.ToString(isPercent ? "0.00" : "0.0000", CultureInfo.InvariantCulture);
}

/// <summary>The main figure of a group of items, such as all questions that begin with "how many".</summary>
/// <param name="Kind">The kind of group: answer_type, question_type, task, category.</param>
/// <param name="Name">The group's value, such as <c>how many</c>.</param>
/// <param name="Count">Items in it.</param>
/// <param name="Value">The figure, in the unit of the main figure.</param>
internal sealed record GroupFigure(string Kind, string Name, long Count, double Value);

/// <summary>The scores of one item.</summary>
/// <param name="Main">Its contribution to the main figure, by which items are sorted; larger is better.</param>
/// <param name="Normalized">The answer as it was compared.</param>
/// <param name="Values">Each metric's value, by its name.</param>
internal sealed record ItemScore(double Main, string Normalized, IReadOnlyList<(string Name, double Value)> Values);
