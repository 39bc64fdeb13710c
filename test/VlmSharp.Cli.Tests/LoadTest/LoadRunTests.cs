using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>Runs stages against a server that does what the prompts ask for.</summary>
public sealed class LoadRunTests
{
    private static LoadPlan Plan(LoadStage stage, string prompt, int requests, double cancelShare = 0) =>
        new([stage], new LoadMix([new LoadPrompt(prompt)], [LoadMixTests.Sample("cake.png")], [16], cancelShare, 1))
        {
            Requests = requests,
            Warmup = 0,
            KeepsText = true
        };

    private static async Task<StageReport> RunAsync(FakeChatServer fake, LoadPlan plan, CancellationToken stop = default)
    {
        using var server = new ChatServer(new Uri(fake.Url), null, null);
        return await LoadRun.RunAsync(plan, plan.Stages[0], server, null, stop);
    }

    [Theory]
    [InlineData(200.0, null)]
    [InlineData(null, 3)]
    public async Task Answers_are_counted(double? rate, int? clients)
    {
        using var fake = new FakeChatServer();
        StageReport report = await RunAsync(fake, Plan(new LoadStage(rate, clients), "what?", requests: 20));
        Assert.Equal((20, 20, 0, 0), (report.Requests, report.Answered, report.Failed, report.Unfinished));
        Assert.Equal(20, fake.Requests.Length);
        Assert.All(report.Outcomes, o => Assert.Equal(("a cat and a dog", 6, 7), (o.Text, o.Tokens, o.PromptTokens)));
        Assert.All(report.Outcomes, o => Assert.True(o.Due <= o.Sent && o.Sent <= o.First && o.First <= o.Last && o.Last <= o.End));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (long)i), report.Outcomes.Select(o => o.Request.Index).Order());
    }

    [Theory]
    [InlineData("busy", "429 rate_limit_error")]
    [InlineData("broken page", "502 ")]
    [InlineData("cut", "broken")]
    [InlineData("no end", "broken")]
    [InlineData("in stream", "stream: server_error")]
    [InlineData("no json", "bad_answer")]
    [InlineData("no stream", "bad_answer")]
    [InlineData("hang", "timeout")]
    public async Task Errors_are_distinguished(string prompt, string error)
    {
        using var fake = new FakeChatServer();
        StageReport report =
            await RunAsync(fake, Plan(new LoadStage(1000, null), prompt, requests: 3) with { Timeout = prompt == "hang" ? 0.3 : 60 });
        StageReport.ErrorCount only = Assert.Single(report.Errors);
        Assert.Equal((error, 3, 3), (only.Error.ToString(), only.Count, report.Failed));
        Assert.Equal(prompt == "busy" ? 3 : double.NaN, only.RetryAfter.Max);
    }

    [Fact]
    public async Task A_missing_server_is_reported_as_a_failed_connection()
    {
        var fake = new FakeChatServer();
        fake.Dispose();
        using var server = new ChatServer(new Uri("http://127.0.0.1:1"), null, null); // a port without a listener
        LoadPlan plan = Plan(new LoadStage(1000, null), "what?", requests: 2);
        StageReport report = await LoadRun.RunAsync(plan, plan.Stages[0], server, null, default);
        Assert.Equal((LoadError.Connect, 2), (report.Errors.Single().Error, report.Failed));
        Assert.Contains(
            "start the server",
            (await Assert.ThrowsAsync<IOException>(() => server.ConnectAsync(null, default))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_arrival_does_not_wait_for_earlier_answers()
    {
        const int Count = 12;
        var all = new CountdownEvent(Count);
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fake = new FakeChatServer(async (_, answer) =>
        {
            if (all.Signal()) together.SetResult();
            await together.Task; // no request is answered before all are sent
            await answer.TextAsync("a");
        });
        StageReport report = await RunAsync(fake, Plan(new LoadStage(500, null), "what?", Count) with { Timeout = 30 });
        Assert.Equal(Count, report.Answered);
    }

    [Fact]
    public async Task Requests_over_the_limit_of_concurrency_are_counted_and_not_sent()
    {
        using var fake = new FakeChatServer();
        StageReport report =
            await RunAsync(fake, Plan(new LoadStage(1000, null), "hang", requests: 10) with { MaxInFlight = 4, Timeout = 3 });
        Assert.Equal(10, report.Failed);
        Assert.Equal(4, fake.Requests.Length);
        Assert.Equal([(LoadError.NotSent, 6), (LoadError.Timeout, 4)], report.Errors.Select(e => (e.Error, e.Count)));
    }

    [Fact]
    public async Task Clients_send_one_request_at_a_time()
    {
        int now = 0, most = 0;
        using var fake = new FakeChatServer(async (_, answer) =>
        {
            int together = Interlocked.Increment(ref now);
            InterlockedMax(ref most, together);
            await Task.Yield();
            Interlocked.Decrement(ref now);
            await answer.TextAsync("a", "b");
        });
        StageReport report = await RunAsync(fake, Plan(new LoadStage(null, 2), "what?", requests: 30));
        Assert.Equal(30, report.Answered);
        Assert.InRange(most, 1, 2);

        static void InterlockedMax(ref int target, int value)
        {
            for (int seen; (seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen;) { }
        }
    }

    [Fact]
    public async Task A_client_that_gives_up_half_way_closes_the_connection()
    {
        int closed = 0;
        using var fake = new FakeChatServer(async (_, answer) =>
        {
            try
            {
                await answer.WriteAsync(FakeChatServer.Answer.Head);
                while (true) // an endless answer: only closing the connection ends it
                {
                    await answer.WriteAsync(FakeChatServer.Answer.Piece("a"));
                    await Task.Delay(1);
                }
            }
            catch (IOException)
            {
                Interlocked.Increment(ref closed);
                throw;
            }
        });
        StageReport report = await RunAsync(fake, Plan(new LoadStage(1000, null), "what?", requests: 5, cancelShare: 1));
        Assert.Equal((5, 0, 0), (report.Canceled, report.Answered, report.Failed));
        Assert.All(report.Outcomes, o => Assert.Equal("aaaaaaaa", o.Text)); // half of 16
        for (int wait = 0; Volatile.Read(ref closed) < 5 && wait < 1000; wait++) await Task.Delay(10);
        Assert.Equal(5, closed);
        Assert.True(double.IsNaN(report.GoodShare)); // no answer was counted
    }

    [Theory]
    [InlineData(50.0, null)]
    [InlineData(null, 2)]
    public async Task A_run_that_is_stopped_has_the_figures_so_far(double? rate, int? clients)
    {
        using var stop = new CancellationTokenSource();
        int served = 0;
        using var fake = new FakeChatServer((_, answer) =>
        {
            if (Interlocked.Increment(ref served) <= 4) return answer.TextAsync("a");
            stop.CancelAfter(100);
            return Task.Delay(Timeout.Infinite, answer.Stop);
        });
        StageReport report =
            await RunAsync(fake, Plan(new LoadStage(rate, clients), "what?", 1) with { Requests = null, Duration = 3600 }, stop.Token);
        Assert.True(report.IsStopped);
        Assert.Equal((4, 4), (report.Requests, report.Answered));
        Assert.True(report.Unfinished >= 1);
        Assert.Empty(report.Errors);
    }
}
