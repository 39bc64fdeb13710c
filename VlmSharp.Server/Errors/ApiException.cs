namespace VlmSharp.Server.Errors;

/// <summary>A request that is answered with an error, in OpenAI's format.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="type">OpenAI's kind of error, for instance invalid_request_error.</param>
/// <param name="code">An error code for programs, for instance model_not_found; or null.</param>
/// <param name="message">One sentence for the caller: what was wrong and what to do. No path and no address of the server itself.</param>
/// <param name="param">The member of the request that is wrong, or null.</param>
/// <param name="retryAfter">When to try again, or null.</param>
internal sealed class ApiException(
    int status, string type, string? code, string message, string? param = null, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>OpenAI's kind of error.</summary>
    public string Type { get; } = type;

    /// <summary>An error code for programs, or null.</summary>
    public string? Code { get; } = code;

    /// <summary>The member of the request that is wrong, or null.</summary>
    public string? Param { get; } = param;

    /// <summary>When to try again, or null.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The same error for a member of the request.</summary>
    public ApiException At(string member) => new(Status, Type, Code, Message, member, RetryAfter);

    /// <summary>A request that can never be answered as it is: 400.</summary>
    public static ApiException Invalid(string message, string? param = null, string? code = null) =>
        new(400, "invalid_request_error", code, message, param);

    /// <summary>A server that cannot answer now: 503.</summary>
    public static ApiException Unavailable(string code, string message, TimeSpan retryAfter) =>
        new(503, "unavailable", code, message, retryAfter: retryAfter);

    /// <summary>A server that is stopping: 503.</summary>
    /// <param name="what">The first half of the sentence: what that means for the request.</param>
    public static ApiException Draining(string what) =>
        Unavailable("draining", $"{what}: ask another one, or try again later.", TimeSpan.FromSeconds(5));

    /// <summary>A server whose memory ran out for a request that is within every limit: 503.</summary>
    public static ApiException NoMemory() => Unavailable(
        "no_memory", "The server has too little memory for the request now: try again later, or send less.", TimeSpan.FromSeconds(5));

    /// <summary>A body of a type that the route does not read: 415.</summary>
    public static ApiException UnsupportedMediaType() => new(
        415,
        "invalid_request_error",
        "unsupported_media_type",
        "The body is of another type: send application/json, or on our own routes multipart/form-data.");
}
