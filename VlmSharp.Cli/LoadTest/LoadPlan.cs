namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// A stage of a load test: requests come at a rate whatever becomes of them (open loop), or each of some clients waits for its answer and
/// asks again (closed loop).
/// </summary>
/// <param name="Rate">Requests a second; null in a closed loop.</param>
/// <param name="Clients">Clients; null in an open loop.</param>
internal sealed record LoadStage(double? Rate, int? Clients)
{
    /// <summary>The number that stages differ in.</summary>
    public double Level => Rate ?? Clients!.Value;

    /// <summary>For people: "8/s" or "32 clients".</summary>
    public override string ToString() =>
        Rate is { } rate ? FormattableString.Invariant($"{rate:0.###}/s") : Clients == 1 ? "1 client" : $"{Clients} clients";
}

/// <summary>What a load test does. Times are seconds.</summary>
/// <param name="Stages">One after another, at least one.</param>
/// <param name="Mix">What is asked.</param>
internal sealed record LoadPlan(IReadOnlyList<LoadStage> Stages, LoadMix Mix)
{
    /// <summary>A stage has no more requests than this: their times are kept.</summary>
    public const int MostRequests = 2_000_000;

    /// <summary>How long requests are sent, warm-up not counted; null goes by <see cref="Requests"/>.</summary>
    public double? Duration { get; init; }

    /// <summary>How many requests are sent, those of the warm-up not counted; null goes by <see cref="Duration"/>.</summary>
    public int? Requests { get; init; }

    /// <summary>Requests that are due before this are sent, and not counted.</summary>
    public double Warmup { get; init; }

    /// <summary>After how long a request has failed.</summary>
    public double Timeout { get; init; } = 120;

    /// <summary>Requests on their way at once; a further one is not sent, and an error.</summary>
    public int MaxInFlight { get; init; } = 4096;

    /// <summary>Within what the first token is good; null is always.</summary>
    public double? FirstTokenDeadline { get; init; }

    /// <summary>Within what a whole answer is good; null is always.</summary>
    public double? Deadline { get; init; }

    /// <summary>Whether outcomes have the answers' texts.</summary>
    public bool KeepsText { get; init; }

    /// <summary>Requests of a stage as far as they are known before; null in a closed loop that goes by time.</summary>
    public long? Expected(LoadStage stage) => Requests is { } count
        ? count + (long)((stage.Rate ?? 0) * Warmup)
        : stage.Rate is { } rate ? (long)(rate * (Warmup + Duration!.Value)) : null;
}
