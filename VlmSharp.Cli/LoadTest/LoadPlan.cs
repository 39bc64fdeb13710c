namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// A stage of a load test: requests arrive at a rate regardless of their outcome (open loop), or each client sends its next request after
/// its answer (closed loop).
/// </summary>
/// <param name="Rate">Requests per second; null in a closed loop.</param>
/// <param name="Clients">Number of clients; null in an open loop.</param>
internal sealed record LoadStage(double? Rate, int? Clients)
{
    /// <summary>The number in which stages differ.</summary>
    public double Level => Rate ?? Clients!.Value;

    /// <summary>Readable text: "8/s" or "32 clients".</summary>
    public override string ToString() =>
        Rate is { } rate ? FormattableString.Invariant($"{rate:0.###}/s") : Clients == 1 ? "1 client" : $"{Clients} clients";
}

/// <summary>The plan of a load test. Times are seconds.</summary>
/// <param name="Stages">The stages in order, at least one.</param>
/// <param name="Mix">What requests ask, and with which probabilities.</param>
internal sealed record LoadPlan(IReadOnlyList<LoadStage> Stages, LoadMix Mix)
{
    /// <summary>The maximum number of requests of a stage, because all their times are kept.</summary>
    public const int MostRequests = 2_000_000;

    /// <summary>How long requests are sent, without warm-up; null to use <see cref="Requests"/>.</summary>
    public double? Duration { get; init; }

    /// <summary>Number of requests to send, without those of the warm-up; null to use <see cref="Duration"/>.</summary>
    public int? Requests { get; init; }

    /// <summary>Requests that are due before this time are sent but not counted.</summary>
    public double Warmup { get; init; }

    /// <summary>Time after which a request has failed.</summary>
    public double Timeout { get; init; } = 120;

    /// <summary>Maximum number of requests in flight; a further request is not sent and counts as an error.</summary>
    public int MaxInFlight { get; init; } = 4096;

    /// <summary>Latest good time of the first token; null for no limit.</summary>
    public double? FirstTokenDeadline { get; init; }

    /// <summary>Latest good time of a complete answer; null for no limit.</summary>
    public double? Deadline { get; init; }

    /// <summary>Whether outcomes include the text of answers.</summary>
    public bool KeepsText { get; init; }

    /// <summary>Expected number of requests of a stage; null if unknown (a closed loop with a duration).</summary>
    public long? Expected(LoadStage stage) => Requests is { } count
        ? count + (long)((stage.Rate ?? 0) * Warmup)
        : stage.Rate is { } rate ? (long)(rate * (Warmup + Duration!.Value)) : null;
}
