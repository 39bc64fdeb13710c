namespace VlmSharp.Cli.LoadTest;

/// <summary>Runs a stage of a load test.</summary>
internal sealed class LoadRun
{
    /// <summary>
    /// In a closed loop, a client that was refused waits as long as the server asks, within these limits in seconds. Without a pause it
    /// would only be refused again.
    /// </summary>
    private const double LeastPause = 0.1, MostPause = 10;

    private readonly LoadPlan plan;
    private readonly LoadClient client;
    private readonly CancellationToken stop;
    private readonly List<LoadOutcome> outcomes = [];
    private readonly Lock gate = new();
    private long asking, errors;
    private volatile Exception? fault;

    private LoadRun(LoadPlan plan, ChatServer server, CancellationToken stop)
    {
        (this.plan, this.stop) = (plan, stop);
        client = new LoadClient(server, plan.Timeout, plan.KeepsText);
    }

    /// <summary>Runs until every request has ended or the test is stopped; then requests in flight are canceled.</summary>
    /// <param name="plan">The plan of the test.</param>
    /// <param name="stage">Requests a second, or the number of clients that each wait for their answer.</param>
    /// <param name="server">Where requests are sent; the caller owns it.</param>
    /// <param name="progress">Called several times per second with the numbers of ended requests, errors, and requests in flight; or
    /// null.</param>
    /// <param name="stop">Stops the test.</param>
    /// <returns>The outcome of every request, in the order in which they ended.</returns>
    public static async Task<StageReport> RunAsync(
        LoadPlan plan, LoadStage stage, ChatServer server, Action<long, long, long>? progress, CancellationToken stop)
    {
        var run = new LoadRun(plan, server, stop);
        using var inFlight = new SemaphoreSlim(plan.MaxInFlight);
        Task work = stage.Rate is { } rate ? run.OpenAsync(rate, inFlight) : run.ClosedAsync(stage.Clients!.Value);
        while (await Task.WhenAny(work, Task.Delay(200, CancellationToken.None)) != work)
            progress?.Invoke(run.Ended, Interlocked.Read(ref run.errors), Interlocked.Read(ref run.asking));
        await work;
        double end = run.client.Now;
        return new StageReport(plan, stage, run.outcomes, stop.IsCancellationRequested ? end : null);
    }

    private long Ended
    {
        get
        {
            lock (gate) return outcomes.Count;
        }
    }

    /// <summary>Sends each request when it is due, regardless of how many answers are outstanding.</summary>
    private async Task OpenAsync(double rate, SemaphoreSlim inFlight)
    {
        long index = 0, counted = 0;
        foreach (double due in plan.Mix.Arrivals(rate))
        {
            if (IsOver(due, index, counted)) break;
            if (due >= plan.Warmup) counted++;
            // If this wakes up late, the following requests are already due and are sent at once. The report shows the delay, since
            // latencies count from the due time.
            for (double wait; (wait = due - client.Now) > 0 && !stop.IsCancellationRequested;)
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(wait, 0.2)), CancellationToken.None);
            if (stop.IsCancellationRequested) break;
            LoadRequest request = plan.Mix.Request(index++);
            if (inFlight.Wait(0, CancellationToken.None)) _ = Task.Run(() => AskAsync(request, due, inFlight), CancellationToken.None);
            else Add(new LoadOutcome(request, due, client.Now) { How = LoadEnd.Failed, Error = LoadError.NotSent, End = client.Now });
        }

        for (int i = 0; i < plan.MaxInFlight; i++) await inFlight.WaitAsync(CancellationToken.None); // until the last request has ended
        if (fault is not null) throw new InvalidOperationException(fault.Message, fault);
    }

    private async Task AskAsync(LoadRequest request, double due, SemaphoreSlim inFlight)
    {
        try
        {
            await AskAsync(request, due);
        }
        catch (Exception e)
        {
            fault = e; // no caller awaits this task; the fault is thrown at the end
        }
        finally
        {
            inFlight.Release();
        }
    }

    /// <summary>Each client sends its next request when it has its answer.</summary>
    private Task ClosedAsync(int clients)
    {
        long next = 0, counted = 0;
        return Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(ClientAsync, CancellationToken.None)));

        async Task ClientAsync()
        {
            while (!stop.IsCancellationRequested && Take(out LoadRequest? request, out double due))
            {
                LoadOutcome outcome = await AskAsync(request!, due);
                if (outcome.How != LoadEnd.Failed) continue;
                double pause = double.IsNaN(outcome.RetryAfter) ? LeastPause : Math.Clamp(outcome.RetryAfter, LeastPause, MostPause);
                await Task.Delay(TimeSpan.FromSeconds(pause), stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }

        bool Take(out LoadRequest? request, out double due)
        {
            lock (gate)
            {
                (request, due) = (null, client.Now);
                if (IsOver(due, next, counted)) return false;
                if (due >= plan.Warmup) counted++;
                request = plan.Mix.Request(next++);
                return true;
            }
        }
    }

    /// <summary>Whether the stage is over before a request.</summary>
    /// <param name="due">Its due time.</param>
    /// <param name="sent">Number of requests before it.</param>
    /// <param name="counted">How many of them count.</param>
    private bool IsOver(double due, long sent, long counted) =>
        sent >= LoadPlan.MostRequests || (plan.Requests is { } most ? counted >= most : due >= plan.Warmup + plan.Duration!.Value);

    private async Task<LoadOutcome> AskAsync(LoadRequest request, double due)
    {
        Interlocked.Increment(ref asking);
        try
        {
            LoadOutcome outcome = await client.AskAsync(request, due, stop);
            Add(outcome);
            return outcome;
        }
        finally
        {
            Interlocked.Decrement(ref asking);
        }
    }

    private void Add(LoadOutcome outcome)
    {
        if (outcome.How == LoadEnd.Failed) Interlocked.Increment(ref errors);
        lock (gate) outcomes.Add(outcome);
    }
}
