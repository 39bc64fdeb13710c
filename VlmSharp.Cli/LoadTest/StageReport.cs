namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// The results of a stage. Latencies are those of requests due after the warm-up; throughput counts the answers completed between the end
/// of the warm-up and the end of sending, whenever they were due.
/// </summary>
internal sealed class StageReport
{
    /// <summary>Maximum number of time slices for the curve of a stage.</summary>
    private const int MostSlices = 30;

    private readonly LoadPlan plan;
    private readonly double end;
    private readonly LoadOutcome[] counted;

    /// <summary>Computes the results.</summary>
    /// <param name="plan">The plan of the test.</param>
    /// <param name="stage">Which stage.</param>
    /// <param name="outcomes">The outcomes of all requests.</param>
    /// <param name="stopped">When the stage was stopped; null if it reached its end.</param>
    public StageReport(LoadPlan plan, LoadStage stage, IReadOnlyList<LoadOutcome> outcomes, double? stopped)
    {
        (this.plan, Stage, Outcomes, IsStopped) = (plan, stage, outcomes, stopped is not null);
        double last = outcomes.Count == 0 ? plan.Warmup : outcomes.Max(o => o.End);
        end = Math.Min(
            plan.Duration is { } duration && plan.Requests is null ? plan.Warmup + duration : last,
            stopped ?? double.PositiveInfinity);
        counted = [.. outcomes.Where(o => o.Due >= plan.Warmup && o.How != LoadEnd.Unfinished)];
        LoadOutcome[] answered = [.. counted.Where(o => o.How == LoadEnd.Answered)];
        (FirstToken, PerToken, Whole) = Spread(answered);
        SendDelay = new Percentiles(counted.Where(o => o.Error != LoadError.NotSent).Select(o => o.Sent - o.Due));
        Answered = answered.Length;
        Canceled = counted.Count(o => o.How == LoadEnd.Canceled);
        Failed = counted.Count(o => o.How == LoadEnd.Failed);
        Good = answered.Count(IsGood);
        LoadOutcome[] within = [.. outcomes.Where(o => o.How == LoadEnd.Answered && o.End >= plan.Warmup && o.End <= end)];
        (AnsweredWithin, TokensWithin) = (within.Length, within.Sum(o => (long)o.Tokens));
        PromptTokensWithin = within.Sum(o => (long)o.PromptTokens);
        Errors =
        [
            .. counted.Where(o => o.Error is not null)
                .GroupBy(o => o.Error!)
                .Select(g => new ErrorCount(g))
                .OrderByDescending(e => e.Count),
        ];
    }

    /// <summary>What was asked of the stage: its rate, or how many requests at a time.</summary>
    public LoadStage Stage { get; }

    /// <summary>The outcome of each request, including those of the warm-up.</summary>
    public IReadOnlyList<LoadOutcome> Outcomes { get; }

    /// <summary>Whether it was stopped before its end.</summary>
    public bool IsStopped { get; }

    /// <summary>The length of the counted period in seconds.</summary>
    public double Seconds => Math.Max(end - plan.Warmup, 0);

    /// <summary>Seconds from the last due time to the end of the last request: how long a queue takes to empty.</summary>
    public double Drain => Outcomes.Count == 0 ? 0 : Outcomes.Max(o => o.End) - Outcomes.Max(o => o.Due);

    /// <summary>Number of requests that count and have ended.</summary>
    public int Requests => counted.Length;

    /// <summary>Number of those with a complete answer, canceled on purpose, or with an error.</summary>
    public int Answered { get; }

    /// <inheritdoc cref="Answered"/>
    public int Canceled { get; }

    /// <inheritdoc cref="Answered"/>
    public int Failed { get; }

    /// <summary>Number of requests in flight when the test was stopped.</summary>
    public int Unfinished => Outcomes.Count(o => o.How == LoadEnd.Unfinished);

    /// <summary>Number of complete answers in time.</summary>
    public int Good { get; }

    /// <summary>Goodput as a share: answers in time among all requests that were not canceled; NaN without requests.</summary>
    public double GoodShare => Requests == Canceled ? double.NaN : (double)Good / (Requests - Canceled);

    /// <summary>Complete answers per second.</summary>
    public double RequestsPerSecond => Rate(AnsweredWithin);

    /// <summary>Tokens of complete answers per second.</summary>
    public double TokensPerSecond => Rate(TokensWithin);

    /// <summary>Tokens of their prompts per second, if the server counts them.</summary>
    public double PromptTokensPerSecond => Rate(PromptTokensWithin);

    /// <summary>Answers in time per second: the rate of answers times the share of those in time.</summary>
    public double GoodPerSecond => Answered == 0 ? 0 : RequestsPerSecond * Good / Answered;

    private int AnsweredWithin { get; }

    private long TokensWithin { get; }

    private long PromptTokensWithin { get; }

    /// <summary>Seconds from the due time to the first token.</summary>
    public Percentiles FirstToken { get; }

    /// <summary>Seconds per token after the first.</summary>
    public Percentiles PerToken { get; }

    /// <summary>Seconds from the due time to the end of the answer.</summary>
    public Percentiles Whole { get; }

    /// <summary>Seconds by which requests were sent late: the delay of the load generator itself.</summary>
    public Percentiles SendDelay { get; }

    /// <summary>The errors, most frequent first.</summary>
    public IReadOnlyList<ErrorCount> Errors { get; }

    /// <summary>The stage in slices of equal length by due time, including the warm-up.</summary>
    public IReadOnlyList<Slice> Slices()
    {
        double length = Outcomes.Count == 0 ? 0 : Outcomes.Max(o => o.Due);
        if (length <= 0) return [];
        int count = Math.Clamp(Outcomes.Count / 5, 1, MostSlices); // percentiles of fewer requests mean nothing
        ILookup<int, LoadOutcome> slices = Outcomes.Where(o => o.How != LoadEnd.Unfinished)
            .ToLookup(o => Math.Min((int)(o.Due / length * count), count - 1));
        return [.. Enumerable.Range(0, count).Select(i => new Slice((i + 0.5) * length / count, length / count, [.. slices[i]]))];
    }

    private bool IsGood(LoadOutcome answer) =>
        answer.FirstToken <= (plan.FirstTokenDeadline ?? double.PositiveInfinity)
        && answer.Whole <= (plan.Deadline ?? double.PositiveInfinity);

    private double Rate(double count) => Seconds > 0 ? count / Seconds : 0;

    private static (Percentiles First, Percentiles Token, Percentiles Whole) Spread(IReadOnlyList<LoadOutcome> answered) =>
        (new Percentiles(answered.Select(o => o.FirstToken).Where(double.IsFinite)),
            new Percentiles(answered.Select(o => o.PerToken).Where(double.IsFinite)),
            new Percentiles(answered.Select(o => o.Whole)));

    /// <summary>An error and its number of occurrences.</summary>
    internal sealed class ErrorCount(IGrouping<LoadError, LoadOutcome> group)
    {
        public LoadError Error => group.Key;

        public int Count { get; } = group.Count();

        /// <summary>The waits in seconds that the server asked for; empty if it asked for none.</summary>
        public Percentiles RetryAfter { get; } = new(group.Select(o => o.RetryAfter).Where(double.IsFinite));
    }

    /// <summary>A slice of a stage's time.</summary>
    internal sealed class Slice
    {
        public Slice(double middle, double seconds, LoadOutcome[] outcomes)
        {
            (Middle, Seconds) = (middle, seconds);
            LoadOutcome[] answered = [.. outcomes.Where(o => o.How == LoadEnd.Answered)];
            (Requests, Answered, Failed) = (outcomes.Length, answered.Length, outcomes.Count(o => o.How == LoadEnd.Failed));
            (FirstToken, _, Whole) = Spread(answered);
        }

        /// <summary>Seconds from the start of the stage to the middle of the slice, and the length of the slice.</summary>
        public double Middle { get; }

        /// <inheritdoc cref="Middle"/>
        public double Seconds { get; }

        public int Requests { get; }

        public int Answered { get; }

        public int Failed { get; }

        public Percentiles FirstToken { get; }

        public Percentiles Whole { get; }
    }
}
