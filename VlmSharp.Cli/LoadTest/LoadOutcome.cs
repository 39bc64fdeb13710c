namespace VlmSharp.Cli.LoadTest;

/// <summary>How a request ended.</summary>
internal enum LoadEnd
{
    /// <summary>With a complete answer.</summary>
    Answered,

    /// <summary>It was canceled halfway on purpose.</summary>
    Canceled,

    /// <summary>With an error.</summary>
    Failed,

    /// <summary>The load test was stopped first.</summary>
    Unfinished,
}

/// <summary>
/// The outcome of a request. Times are seconds since the stage began. Latencies count from the time at which the request was due, not from
/// when it was sent: a load generator that falls behind must not make a server look fast (coordinated omission).
/// </summary>
/// <param name="Request">What was asked.</param>
/// <param name="Due">When it was due to be sent.</param>
/// <param name="Sent">When it was sent.</param>
internal sealed record LoadOutcome(LoadRequest Request, double Due, double Sent)
{
    /// <summary>How it ended.</summary>
    public LoadEnd How { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public LoadError? Error { get; init; }

    /// <summary>When the first piece of the answer arrived; NaN if none did.</summary>
    public double First { get; init; } = double.NaN;

    /// <summary>When the last piece arrived; NaN if none did.</summary>
    public double Last { get; init; } = double.NaN;

    /// <summary>When the request ended.</summary>
    public double End { get; init; }

    /// <summary>Number of tokens of the answer: the server's count, otherwise the number of pieces.</summary>
    public int Tokens { get; init; }

    /// <summary>Number of tokens of the prompt as the server counts them; 0 if it does not say.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Seconds after which the server asks for a retry (Retry-After); NaN if it does not say.</summary>
    public double RetryAfter { get; init; } = double.NaN;

    /// <summary>The answer, if texts are kept.</summary>
    public string? Text { get; init; }

    /// <summary>Seconds to the first token.</summary>
    public double FirstToken => First - Due;

    /// <summary>Seconds per token after the first; NaN if there is none.</summary>
    public double PerToken => Tokens > 1 ? (Last - First) / (Tokens - 1) : double.NaN;

    /// <summary>Seconds to the end of the answer.</summary>
    public double Whole => End - Due;
}
