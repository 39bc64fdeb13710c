using System.Globalization;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// Shows the run on a terminal: the loss curve, redrawn in place, and a line of numbers with the remaining time. Without a terminal only
/// the line is written, from time to time.
/// </summary>
/// <param name="output">The destination: standard error.</param>
/// <param name="isTerminal">Whether lines can be overwritten.</param>
/// <param name="width">Width in characters, queried each time.</param>
/// <param name="clock">The clock; null for the system's.</param>
public sealed class ConsoleProgress(TextWriter output, bool isTerminal, Func<int> width, TimeProvider? clock = null) : IRunTracker
{
    private const int CurveLines = 8, MostPoints = 1 << 20;
    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(0.2), Line = TimeSpan.FromSeconds(10);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly List<double> losses = [];
    private RunInfo run = new("", 0, 0, new Dictionary<string, string>());
    private long begin, shown;
    private int drawn; // lines that stand below the cursor's place
    private StepMetrics last;
    private bool isNews;

    /// <inheritdoc/>
    public void Begin(RunInfo run)
    {
        this.run = run;
        begin = clock.GetTimestamp();
        shown = begin - clock.TimestampFrequency * 3600; // the first step is shown at once
    }

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics)
    {
        if (losses.Count < MostPoints) losses.Add(metrics.Loss);
        (last, isNews) = (metrics, true);
        if (clock.GetElapsedTime(shown) >= (isTerminal ? Redraw : Line)) Show();
    }

    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (isNews) Show();
        drawn = 0; // what stands there stays; the next curve is drawn below
        IEnumerable<string> metrics = result.Metrics.Select(m => FormattableString.Invariant($"eval {m.Key} {m.Value:G5}"));
        output.WriteLine($"after {step} steps: {string.Join(", ", metrics)}");
        foreach (SampleGeneration sample in result.Samples)
        {
            string expected = sample.Expected is { } e ? $" (expected {MessageText.Quote(e)})" : "";
            output.WriteLine($"  {MessageText.Quote(sample.Prompt)} -> {MessageText.Quote(sample.Answer)}{expected}");
        }
    }

    /// <inheritdoc/>
    public void Sync() { }

    /// <inheritdoc/>
    public void End(RunStatus status)
    {
        if (isNews) Show();
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private void Show()
    {
        if (isTerminal)
        {
            // up, and clear what is below
            if (drawn > 0) output.Write(string.Create(CultureInfo.InvariantCulture, $"\u001b[{drawn}A\u001b[J"));
            IReadOnlyList<string> curve = LossCurve.Draw(losses, Math.Clamp(width() - 1, 16, 120), CurveLines);
            foreach (string line in curve) output.WriteLine(line);
            drawn = curve.Count + 1;
        }

        output.WriteLine(Summary());
        output.Flush();
        shown = clock.GetTimestamp();
        isNews = false;
    }

    /// <summary>step 12 of 100 | loss 1.234 | grad 0.5 | lr 1e-05 | 345 tokens/s | 3 min 20 s left.</summary>
    private string Summary()
    {
        long done = last.Number - run.FirstStep, left = run.TotalSteps - last.Number;
        TimeSpan rest = clock.GetElapsedTime(begin) / Math.Max(1, done) * left;
        string time = rest.TotalHours >= 1 ? FormattableString.Invariant($"{(long)rest.TotalHours} h {rest.Minutes} min")
            : rest.TotalMinutes >= 1 ? FormattableString.Invariant($"{rest.Minutes} min {rest.Seconds} s")
            : FormattableString.Invariant($"{rest.TotalSeconds:0} s");
        string numbers = FormattableString.Invariant($"loss {last.Loss:G4} | grad {last.GradientNorm:G3} | lr {last.Rate:G3}");
        return FormattableString.Invariant(
            $"step {last.Number} of {run.TotalSteps} | {numbers} | {last.TokensPerSecond:0} tokens/s | {time} left");
    }
}
