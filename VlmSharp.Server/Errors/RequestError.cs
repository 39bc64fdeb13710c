namespace VlmSharp.Server.Errors;

/// <summary>How a failed request ended, for metrics and logs. It is one of the request's features, only after a failure.</summary>
/// <param name="Type">OpenAI's kind of error, or "canceled" if the client disconnected.</param>
/// <param name="Cause">The exception, or null; with the type server_error it is a fault of the server itself.</param>
internal sealed record RequestError(string Type, Exception? Cause)
{
    /// <summary>The type of a request whose client disconnected.</summary>
    public const string Canceled = "canceled";
}
