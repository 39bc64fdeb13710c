namespace VlmSharp.Cli.LoadTest;

/// <summary>How a request ended.</summary>
internal enum LoadEnd
{
    /// <summary>With a whole answer.</summary>
    Answered,

    /// <summary>It was one of those that are given up half way.</summary>
    Canceled,

    /// <summary>With an error.</summary>
    Failed,

    /// <summary>The load test was stopped before.</summary>
    Unfinished,
}

/// <summary>
/// What became of a request. Times are seconds since the stage began. Latencies count from the moment at which the request was due, not
/// from when it was sent: a generator that falls behind must not make a server look fast (coordinated omission).
/// </summary>
/// <param name="Request">What was asked.</param>
/// <param name="Due">When it was to be sent.</param>
/// <param name="Sent">When it was.</param>
internal sealed record LoadOutcome(LoadRequest Request, double Due, double Sent)
{
    /// <summary>How it ended.</summary>
    public LoadEnd How { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public LoadError? Error { get; init; }

    /// <summary>When the first piece of the answer came; NaN where none did.</summary>
    public double First { get; init; } = double.NaN;

    /// <summary>When the last piece came; NaN where none did.</summary>
    public double Last { get; init; } = double.NaN;

    /// <summary>When it was over.</summary>
    public double End { get; init; }

    /// <summary>Tokens of the answer: as the server counts them, or else pieces.</summary>
    public int Tokens { get; init; }

    /// <summary>Tokens of the prompt as the server counts them; 0 where it does not say.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Seconds after which the server wants to be asked again (Retry-After); NaN where it does not say.</summary>
    public double RetryAfter { get; init; } = double.NaN;

    /// <summary>The answer, where texts are kept.</summary>
    public string? Text { get; init; }

    /// <summary>Seconds to the first token.</summary>
    public double FirstToken => First - Due;

    /// <summary>Seconds for each token after the first; NaN where there is none.</summary>
    public double PerToken => Tokens > 1 ? (Last - First) / (Tokens - 1) : double.NaN;

    /// <summary>Seconds to the end of the answer.</summary>
    public double Whole => End - Due;
}
