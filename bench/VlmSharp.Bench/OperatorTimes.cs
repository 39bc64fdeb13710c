using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute;

namespace VlmSharp.Bench;

/// <summary>A backend that gives a step's time to its operators: what each kind took, and what went by between them.</summary>
/// <param name="inner">Does the work, and has done it when a call returns.</param>
internal sealed class OperatorTimes(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Dictionary<string, (int Calls, long Ticks)> times = [];
    private long start = Stopwatch.GetTimestamp();

    /// <summary>Forgets what was counted.</summary>
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

    /// <summary>Lines for what took at least a thousandth of the time, the longest first.</summary>
    public string Table()
    {
        double all = Stopwatch.GetTimestamp() - start, known = times.Values.Sum(t => t.Ticks);
        var rows = times.OrderByDescending(t => t.Value.Ticks).Where(t => t.Value.Ticks >= all / 1000)
            .Select(t => Row(t.Key, t.Value.Calls, t.Value.Ticks)).Append(Row("between them", 0, all - known));
        return string.Join('\n', rows);

        string Row(string name, int calls, double ticks) =>
            string.Create(CultureInfo.InvariantCulture, $"  {name,-28} {calls,6} calls {ticks / Stopwatch.Frequency,8:0.000} s {ticks / all,6:P1}");
    }
}
