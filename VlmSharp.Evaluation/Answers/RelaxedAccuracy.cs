using System.Globalization;
using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The relaxed accuracy of ChartQA (Masry et al. 2022, section 5.1) and PlotQA: numbers read from a chart may be 5 % off.
/// <code>
/// correct = |answer - reference| / |reference| &lt;= 0.05        if both are numbers and the reference is not 0
///           answer = reference, exactly                       otherwise
/// </code>
/// A trailing % divides by 100. Numbers are parsed as in Python: "1,000" is not a number and "1e3" is one. As a result, "0.0" for "0" is
/// wrong, and 2019 for the year 2010 is correct.
/// </summary>
public static partial class RelaxedAccuracy
{
    private const double Tolerance = 0.05;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">A number or a text.</param>
    /// <param name="references">The correct answers; one, in the benchmarks.</param>
    /// <param name="ignoreCase">Whether case is ignored when texts are compared; big_vision does not ignore it.</param>
    /// <returns>0 or 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references, bool ignoreCase = false) =>
        references.Any(reference => IsRight(answer, reference, ignoreCase)) ? 1 : 0;

    private static bool IsRight(string answer, string reference, bool ignoreCase) =>
        NumberIn(answer) is { } number && NumberIn(reference) is { } target && target != 0
            ? Math.Abs(number - target) / Math.Abs(target) <= Tolerance
            : string.Equals(answer, reference, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static double? NumberIn(string text) => text.EndsWith('%') ? Float(text.TrimEnd('%')) / 100 : Float(text);

    /// <summary>The result of Python's <c>float(text)</c>, or null if it raises.</summary>
    private static double? Float(string text)
    {
        string trimmed = PythonText.Strip(text);
        Match match = PythonFloat().Match(trimmed);
        if (!match.Success) return null;
        if (match.Groups["infinity"].Success) return trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        if (match.Groups["nan"].Success) return double.NaN;
        return double.Parse(trimmed.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(
        @"\A[+-]?(?:(?<infinity>inf(?:inity)?)|(?<nan>nan)"
        + @"|(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:e[+-]?[0-9]+(?:_[0-9]+)*)?)\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex PythonFloat();
}
