namespace VlmSharp.Server.Errors;

/// <summary>What a request ended with, for whoever counts and logs: among the request's features, where it did not end well.</summary>
/// <param name="Type">OpenAI's kind of error, or "canceled" where the client went away.</param>
/// <param name="Cause">What was thrown; a fault of the server itself where the type is server_error. Null where no exception was.</param>
internal sealed record RequestError(string Type, Exception? Cause)
{
    /// <summary>The type of a request whose client went away.</summary>
    public const string Canceled = "canceled";
}
