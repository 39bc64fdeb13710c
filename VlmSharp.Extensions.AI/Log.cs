using Microsoft.Extensions.Logging;

namespace VlmSharp.Extensions.AI;

/// <summary>Log messages. Prompts, answers and pictures are never logged.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Opened {Model} in {Milliseconds} ms on {Backend}: {Description}")]
    public static partial void Opened(this ILogger logger, string model, double milliseconds, string backend, string description);

    [LoggerMessage(2, LogLevel.Error, "{Directory} cannot be opened")]
    public static partial void NotOpened(this ILogger logger, string directory, Exception error);

    [LoggerMessage(3, LogLevel.Debug, "Request {Id}: {Pictures} pictures, {Characters} characters, at most {MaxTokens} tokens")]
    public static partial void Requested(this ILogger logger, string id, int pictures, int characters, int maxTokens);

    [LoggerMessage(4, LogLevel.Information,
        "Answered {Id}: {InputTokens} tokens in, {OutputTokens} out ({Finish}), " +
        "first token after {FirstTokenMilliseconds} ms, all after {Milliseconds} ms")]
    public static partial void Answered(
        this ILogger logger,
        string id,
        int inputTokens,
        int outputTokens,
        string finish,
        double firstTokenMilliseconds,
        double milliseconds);

    [LoggerMessage(5, LogLevel.Warning, "Refused {Id}: {Reason}")]
    public static partial void Refused(this ILogger logger, string id, string reason);

    [LoggerMessage(6, LogLevel.Debug, "Canceled {Id}")]
    public static partial void Canceled(this ILogger logger, string id);

    [LoggerMessage(7, LogLevel.Error, "Failed {Id}")]
    public static partial void Failed(this ILogger logger, string id, Exception error);
}
