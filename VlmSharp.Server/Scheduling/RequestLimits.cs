namespace VlmSharp.Server.Scheduling;

/// <summary>What a request may ask for; the members are those of <c>ServerOptions</c>.</summary>
internal sealed record RequestLimits
{
    /// <summary>From its coming to its last byte.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Bytes of its body.</summary>
    public required long MaxBodyBytes { get; init; }

    /// <summary>Memory for the bodies of all requests.</summary>
    public required long MaxBufferedBytes { get; init; }

    /// <summary>Characters of its prompt.</summary>
    public required int MaxPromptCharacters { get; init; }

    /// <summary>Requests in a batch.</summary>
    public required int MaxBatchRequests { get; init; }

    /// <summary>Answers (<c>n</c>).</summary>
    public required int MaxChoices { get; init; }

    /// <summary>Pictures of a request, or of one of a batch.</summary>
    public required int MaxPictures { get; init; }

    /// <summary>Messages of a chat.</summary>
    public int MaxMessages { get; init; } = 4096;

    /// <summary>Texts and pictures of a message.</summary>
    public int MaxParts { get; init; } = 256;

    /// <summary>Texts that end an answer.</summary>
    public int MaxStops { get; init; } = 4;

    /// <summary>Characters of such a text.</summary>
    public int MaxStopCharacters { get; init; } = 256;

    /// <summary>Candidates of a token.</summary>
    public int MaxTopLogProbabilities { get; init; } = 20;

    /// <summary>Objects and arrays in each other.</summary>
    public int MaxJsonDepth { get; init; } = 32;
}
