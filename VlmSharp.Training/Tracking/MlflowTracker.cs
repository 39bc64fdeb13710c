using System.Text.Json;
using System.Threading.Channels;

namespace VlmSharp.Training.Tracking;

/// <summary>
/// Sends a run to an MLflow server from its own thread. A slow or unreachable server does not slow the run: data that it does not accept
/// are lost, and the user is told once.
/// </summary>
public sealed class MlflowTracker : IRunTracker
{
    private const int MostWaiting = 100_000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(20);

    private readonly MlflowSettings settings;
    private readonly Action<string> tell;
    private readonly MlflowClient client;
    private readonly CancellationTokenSource giveUp = new();
    private readonly Channel<MlflowMetric> waiting =
        Channel.CreateBounded<MlflowMetric>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });

    private Task? work;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string status = "FAILED";
    private int failures;

    /// <summary>Creates the tracker; nothing is sent yet.</summary>
    /// <param name="settings">The server's address and the experiment's name.</param>
    /// <param name="tell">Hears, once, that it does not answer.</param>
    public MlflowTracker(MlflowSettings settings, Action<string> tell)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(tell);
        (this.settings, this.tell) = (settings, tell);
        client = new MlflowClient(settings);
    }

    /// <inheritdoc/>
    public void Begin(RunInfo run) => work = Task.Run(() => SendAsync(run));

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics)
    {
        long now = Now;
        Add("loss", metrics.Loss, now, metrics.Number);
        Add("grad_norm", metrics.GradientNorm, now, metrics.Number);
        Add("lr", metrics.Rate, now, metrics.Number);
        Add("tokens_per_s", metrics.TokensPerSecond, now, metrics.Number);
    }

    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        foreach (var (name, value) in result.Metrics) Add($"eval_{name}", value, Now, step);
    }

    /// <inheritdoc/>
    public void Sync() { }

    /// <summary>Waits some seconds for what is still to be sent.</summary>
    /// <inheritdoc/>
    public void End(RunStatus status)
    {
        this.status = status switch { RunStatus.Finished => "FINISHED", RunStatus.Stopped => "KILLED", _ => "FAILED" };
        waiting.Writer.TryComplete();
        ended.TrySetResult();
        giveUp.CancelAfter(Patience);
        work?.GetAwaiter().GetResult(); // ends with the patience at the latest, and never throws
    }

    /// <summary>Gives up what is not sent.</summary>
    public void Dispose()
    {
        waiting.Writer.TryComplete();
        giveUp.Cancel();
        work?.GetAwaiter().GetResult();
        client.Dispose();
        giveUp.Dispose();
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private void Add(string key, double value, long time, long step)
    {
        if (double.IsFinite(value)) waiting.Writer.TryWrite(new MlflowMetric(key, value, time, step)); // JSON knows no infinity and no NaN
    }

    private async Task SendAsync(RunInfo run)
    {
        string? id = null;
        if (!await TryAsync(async () => id = await OpenAsync(run))) return;
        while (await WaitAsync())
        {
            var batch = new List<MlflowMetric>();
            while (batch.Count < MlflowClient.MostMetrics && waiting.Reader.TryRead(out MlflowMetric metric)) batch.Add(metric);
            await TryAsync(() => client.LogBatchAsync(id!, batch, [], giveUp.Token));
        }

        await TryAsync(() => client.UpdateRunAsync(id!, status, Now, giveUp.Token));
    }

    /// <summary>Waits until there is something to send, and a little longer, so that one request covers many steps.</summary>
    private async Task<bool> WaitAsync()
    {
        try
        {
            if (!await waiting.Reader.WaitToReadAsync(giveUp.Token)) return false;
            if (waiting.Reader.Count < MlflowClient.MostMetrics) await Task.WhenAny(ended.Task, Task.Delay(Pause, giveUp.Token));
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<string> OpenAsync(RunInfo run)
    {
        if (run.FirstStep > 0 && settings.RunIdFile is { } file && File.Exists(file))
        {
            string known = (await File.ReadAllTextAsync(file, giveUp.Token)).Trim();
            await client.UpdateRunAsync(known, "RUNNING", null, giveUp.Token);
            return known;
        }

        string experiment = await client.ExperimentAsync(settings.Experiment, giveUp.Token);
        string id = await client.CreateRunAsync(experiment, run.Name, Now, giveUp.Token);
        if (settings.RunIdFile is { } path) await File.WriteAllTextAsync(path, id, giveUp.Token);
        foreach (KeyValuePair<string, string>[] part in run.Settings.Chunk(MlflowClient.MostParameters))
            await client.LogBatchAsync(id, [], part, giveUp.Token);
        return id;
    }

    private async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (Exception e) when (
            e is HttpRequestException or OperationCanceledException or IOException or UnauthorizedAccessException or JsonException)
        {
            if (Interlocked.Increment(ref failures) == 1 && !(e is OperationCanceledException && giveUp.IsCancellationRequested))
                tell($"MLflow at {settings.Server.Host} does not take this run's numbers: {e.Message}; training goes on without it.");
            return false;
        }
    }
}
