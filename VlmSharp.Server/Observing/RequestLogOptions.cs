namespace VlmSharp.Server.Observing;

/// <summary>Where the request log goes, and what is in it.</summary>
public sealed record RequestLogOptions
{
    /// <summary>Receives the lines, each in one write; null writes none. Not closed.</summary>
    public Stream? Output { get; init; }

    /// <summary>Whether prompts and answers are written too. Pictures never are.</summary>
    public bool IncludeContent { get; init; }

    /// <summary>Lines that may wait for a slow reader; more are dropped, and counted.</summary>
    public int Capacity { get; init; } = 4096;
}
