using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute;

namespace VlmSharp.Bench;

/// <summary>A backend that splits the time of a step among its operators: the time of each kind, and the time between them.</summary>
/// <param name="inner">The backend that does the work. Its work must be complete when a call returns.</param>
internal sealed class OperatorTimes(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Dictionary<string, (int Calls, long Ticks)> times = [];
    private long start = Stopwatch.GetTimestamp();

    /// <summary>Resets the counts.</summary>
    public void Reset()
    {
        times.Clear();
        start = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        long from = Stopwatch.GetTimestamp();
        Matrix result = Inner.Run(op);
        (int calls, long ticks) = times.GetValueOrDefault(typeof(TOperator).Name);
        times[typeof(TOperator).Name] = (calls + 1, ticks + Stopwatch.GetTimestamp() - from);
        return result;
    }

    /// <summary>A line for each kind that took at least a thousandth of the time, the longest first.</summary>
    public string Table()
    {
        double all = Stopwatch.GetTimestamp() - start, known = times.Values.Sum(t => t.Ticks);
        var rows = times.OrderByDescending(t => t.Value.Ticks).Where(t => t.Value.Ticks >= all / 1000)
            .Select(t => Row(t.Key, t.Value.Calls, t.Value.Ticks)).Append(Row("between them", 0, all - known));
        return string.Join('\n', rows);

        string Row(string name, int calls, double ticks) =>
            string.Create(
                CultureInfo.InvariantCulture, $"  {name,-28} {calls,6} calls {ticks / Stopwatch.Frequency,8:0.000} s {ticks / all,6:P1}");
    }
}
