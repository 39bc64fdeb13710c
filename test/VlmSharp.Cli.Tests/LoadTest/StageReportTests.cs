using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>Compares figures with those computed by hand.</summary>
public sealed class StageReportTests
{
    private static readonly LoadMix Mix = new([new LoadPrompt("a")], [LoadMixTests.Sample("cake.png")], [16], 0, 1);

    private static LoadOutcome Outcome(
        double due, double first, double end, int tokens = 5, LoadEnd how = LoadEnd.Answered, LoadError? error = null,
        double retry = double.NaN) =>
        new(Mix.Request(0), due, due + 0.5)
        {
            How = how,
            First = first,
            Last = end,
            End = end,
            Tokens = tokens,
            Error = error,
            RetryAfter = retry
        };

    [Fact]
    public void A_percentile_is_the_smallest_value_that_covers_its_share()
    {
        var five = new Percentiles([50, 15, 40, 20, 35]);
        Assert.Equal((15, 15, 20, 35, 50, 50), (five[5], five[20], five[30], five[50], five[95], five[100]));
        Assert.Equal((32, 50, 5), (five.Mean, five.Max, five.Count));
        var hundred = new Percentiles(Enumerable.Range(1, 100).Select(i => (double)i));
        Assert.Equal((50, 95, 99, 100), (hundred[50], hundred[95], hundred[99], hundred[100]));
        var most = new Percentiles(Enumerable.Range(1, 101).Select(i => (double)i));
        Assert.Equal((51, 96, 100), (most[50], most[95], most[99])); // 50.5, 95.95, 99.99, rounded up
        var one = new Percentiles([7]);
        Assert.Equal((7, 7), (one[1], one[99]));
        Assert.True(double.IsNaN(new Percentiles([])[50]));
    }

    [Fact]
    public void Times_count_from_when_a_request_was_due()
    {
        LoadOutcome late = Outcome(due: 1, first: 4, end: 6);
        Assert.Equal((3, 5, 0.5), (late.FirstToken, late.Whole, late.PerToken)); // 2 seconds for the 4 tokens after the first
        Assert.True(double.IsNaN(Outcome(1, 2, 2, tokens: 1).PerToken));
    }

    [Fact]
    public void Throughput_and_goodput_are_those_of_the_counted_time()
    {
        var plan = new LoadPlan([new LoadStage(1, null)], Mix) { Duration = 10, Warmup = 2, FirstTokenDeadline = 1, Deadline = 4 };
        var busy = new LoadError(429, "rate_limit_error");
        var report = new StageReport(plan, plan.Stages[0],
        [
            Outcome(due: 1, first: 2, end: 3, tokens: 10), // due in the warm-up: only its answer counts
            Outcome(due: 2, first: 2.5, end: 4, tokens: 20), // good
            Outcome(due: 3, first: 5, end: 6, tokens: 30), // its first token is late
            Outcome(due: 4, first: 5, end: 9, tokens: 40), // its end is late
            Outcome(due: 11, first: 12, end: 13, tokens: 50), // good, but ends after the time
            Outcome(due: 5, first: 6, end: 6, how: LoadEnd.Canceled),
            Outcome(due: 5, first: double.NaN, end: 5, how: LoadEnd.Failed, error: busy, retry: 1),
            Outcome(due: 6, first: double.NaN, end: 6, how: LoadEnd.Failed, error: new LoadError(429, "rate_limit_error"), retry: 3),
            Outcome(due: 6, first: double.NaN, end: 6, how: LoadEnd.Failed, error: LoadError.Timeout),
            Outcome(due: 7, first: double.NaN, end: 8, how: LoadEnd.Unfinished),
        ], stopped: null);
        Assert.Equal(
            (10.0, 8, 4, 1, 3, 1), (report.Seconds, report.Requests, report.Answered, report.Canceled, report.Failed, report.Unfinished));
        Assert.Equal((0.4, 10.0), (report.RequestsPerSecond, report.TokensPerSecond)); // 4 answers and 100 tokens in 10 s
        Assert.Equal((2, 2 / 7.0, 0.2), (report.Good, report.GoodShare, report.GoodPerSecond));
        Assert.Equal((1, 2, 2), (report.FirstToken[50], report.FirstToken[95], report.FirstToken.Max)); // of 0.5, 1, 1, 2
        Assert.Equal((2, 5), (report.Whole[50], report.Whole[99])); // of 2, 2, 3, 5
        Assert.Equal([(busy, 2, 3.0), (LoadError.Timeout, 1, double.NaN)], report.Errors.Select(e => (e.Error, e.Count, e.RetryAfter.Max)));
        Assert.Equal(0.5, report.SendDelay[99]);
        Assert.Equal(2, report.Drain); // the last request was due at 11 and ended at 13
    }

    [Fact]
    public void A_run_that_was_stopped_counts_to_there()
    {
        var plan = new LoadPlan([new LoadStage(1, null)], Mix) { Duration = 100, Warmup = 0 };
        var report = new StageReport(plan, plan.Stages[0], [Outcome(0, 1, 2), Outcome(3, 4, 5, how: LoadEnd.Unfinished)], stopped: 5);
        Assert.Equal(
            (5.0, 0.2, true, 1, 1), (report.Seconds, report.RequestsPerSecond, report.IsStopped, report.Requests, report.Unfinished));
    }

    [Fact]
    public void Slices_share_the_requests_by_when_they_were_due()
    {
        var plan = new LoadPlan([new LoadStage(1, null)], Mix) { Duration = 20 };
        LoadOutcome[] all = [.. Enumerable.Range(0, 21).Select(i => Outcome(i, i + (i < 10 ? 1 : 3), i + 4))];
        IReadOnlyList<StageReport.Slice> slices = new StageReport(plan, plan.Stages[0], all, null).Slices();
        Assert.Equal([2.5, 7.5, 12.5, 17.5], slices.Select(s => s.Middle));
        Assert.Equal([5, 5, 5, 6], slices.Select(s => s.Requests)); // the last slice ends with the requests
        Assert.Equal([1, 1, 3, 3], slices.Select(s => s.FirstToken[99]));
    }
}
