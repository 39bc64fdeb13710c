using System.Diagnostics;

namespace VlmSharp.Server.Observing;

/// <summary>
/// What is known of a request when it ends: the log's line and the metrics are made of it. Whoever answers the request fills it. Nothing in it is a prompt, an
/// answer or a picture.
/// </summary>
internal sealed class RequestRecord
{
    /// <summary>When it came, of <see cref="Stopwatch"/>.</summary>
    public long Start { get; } = Stopwatch.GetTimestamp();

    /// <summary>Its id: the client's x-request-id where that is a plain word, or one of the server's.</summary>
    public required string Id { get; init; }

    /// <summary>The route's pattern, for instance /v1/caption.</summary>
    public string Route { get; set; } = "";

    /// <summary>Whose key it brought, never the key; "anonymous" without keys.</summary>
    public string Client { get; set; } = "anonymous";

    /// <summary>The model that answers.</summary>
    public string? Model { get; set; }

    /// <summary>The adapter, or null.</summary>
    public string? Adapter { get; set; }

    /// <summary>Its pictures.</summary>
    public List<PictureFacts> Pictures { get; } = [];

    /// <summary>Tokens of its prompt that are text.</summary>
    public int TextTokens { get; set; }

    /// <summary>Tokens of its prompt that are picture.</summary>
    public int ImageTokens { get; set; }

    /// <summary>Tokens of all its answers.</summary>
    public int CompletionTokens { get; set; }

    /// <summary>Why its answer ended, in OpenAI's word; null before that.</summary>
    public string? FinishReason { get; set; }

    /// <summary>How long it waited for a place.</summary>
    public TimeSpan Queued { get; set; }

    /// <summary>From its coming to its first token; null before that.</summary>
    public TimeSpan? TimeToFirstToken { get; set; }

    /// <summary>OpenAI's kind of error, or "canceled"; null where all went well.</summary>
    public string? ErrorType { get; set; }
}

/// <summary>What may be told of a picture.</summary>
/// <param name="Bytes">Of the file.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Format">For instance JPEG.</param>
/// <param name="Hash">The first 8 hexadecimal digits of the file's SHA-256.</param>
internal sealed record PictureFacts(int Bytes, int Width, int Height, string Format, string Hash);
