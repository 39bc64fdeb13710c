using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using VlmSharp.Generation;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The facts of a request at its end, from which the log line and the metrics are made. The code that answers the request fills it. It
/// holds no prompt, answer or picture, unless the log includes prompts and answers.
/// </summary>
internal sealed class RequestRecord
{
    /// <summary>When it arrived, from <see cref="Stopwatch"/>.</summary>
    public long Start { get; } = Stopwatch.GetTimestamp();

    /// <summary>Its id: the client's x-request-id if that is a plain word, otherwise one of the server's.</summary>
    public required string Id { get; init; }

    /// <summary>Whether <see cref="Prompt"/> and <see cref="Answer"/> are kept.</summary>
    public bool KeepsContent { get; init; }

    /// <summary>The route's pattern, for instance /v1/caption.</summary>
    public string Route { get; set; } = "";

    /// <summary>The name of its key, never the key; "anonymous" without keys.</summary>
    public string Client { get; set; } = "anonymous";

    /// <summary>The model that answers.</summary>
    public string? Model { get; set; }

    /// <summary>The adapter, or null.</summary>
    public string? Adapter { get; set; }

    /// <summary>Its prompt; always null unless <see cref="KeepsContent"/>.</summary>
    public string? Prompt { get; set => field = KeepsContent ? value : null; }

    /// <summary>Its answer's text; always null unless <see cref="KeepsContent"/>.</summary>
    public string? Answer { get; set => field = KeepsContent ? value : null; }

    /// <summary>Its pictures.</summary>
    public List<PictureFacts> Pictures { get; } = [];

    /// <summary>The number of pictures that did not need the encoder because the server had their image tokens.</summary>
    public int CachedPictures { get; set; }

    /// <summary>Tokens of its prompt that are text.</summary>
    public int TextTokens { get; set; }

    /// <summary>Tokens of its prompt that are picture.</summary>
    public int ImageTokens { get; set; }

    /// <summary>Tokens of all its answers.</summary>
    public int CompletionTokens { get; set; }

    /// <summary>The most sequences that shared a step with it; 0 before its first step.</summary>
    public int LargestStep { get; set; }

    /// <summary>Why its answer ended, in OpenAI's word; null before that.</summary>
    public string? FinishReason { get; set; }

    /// <summary>How long it waited for a place.</summary>
    public TimeSpan Queued { get; set; }

    /// <summary>Time of the encoder; null before its answer's end, like the next two.</summary>
    public TimeSpan? Vision { get; set; }

    /// <summary>From its first step to its first token, without the encoder.</summary>
    public TimeSpan? Prefill { get; set; }

    /// <summary>From its first token to its last.</summary>
    public TimeSpan? Decode { get; set; }

    /// <summary>From its arrival to its first token; null before that.</summary>
    public TimeSpan? TimeToFirstToken { get; set; }

    /// <summary>OpenAI's kind of error, or "canceled"; null after a success.</summary>
    public string? ErrorType { get; set; }

    /// <summary>
    /// Where the server failed, for its operator: a type and a method, and nothing that a request could have put there; null if it did not
    /// fail.
    /// </summary>
    public string? Fault { get; set; }

    /// <summary>Why it was rejected, or null; then a rejecting status is counted by its usual meaning.</summary>
    public Rejection? Rejection { get; set; }

    /// <summary>The status of the response; 499 where the client left before it began.</summary>
    public int Status { get; set; }

    /// <summary>From its coming to its end.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>The trace that it belongs to, 32 hexadecimal digits; null where nothing is traced.</summary>
    public string? TraceId { get; set; }

    /// <summary>A request's record.</summary>
    /// <param name="context">The request, of a pipeline with <see cref="ObservationServices.UseRequestObservation"/>.</param>
    public static RequestRecord Of(HttpContext context) =>
        context.Features.Get<RequestRecord>()
        ?? throw new InvalidOperationException("The request has no record: UseRequestObservation must come before whatever answers.");

    /// <summary>
    /// Adds the engine's facts of an answer that has ended. With several answers the longest time of each stage is kept.
    /// </summary>
    /// <param name="answer">One of the request's answers.</param>
    public void Add(PendingAnswer answer)
    {
        AnswerTimings timings = answer.Timings;
        Queued = Max(Queued, timings.Waiting);
        Vision = Max(Vision, timings.Vision);
        Prefill = Max(Prefill, timings.Prefill);
        Decode = Max(Decode, timings.Decode);
        CachedPictures = Math.Max(CachedPictures, timings.CachedPictures);
        LargestStep = Math.Max(LargestStep, timings.LargestStep);
    }

    private static TimeSpan Max(TimeSpan? a, TimeSpan b) => a > b ? a.Value : b;
}

/// <summary>The facts of a picture that may be logged.</summary>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Width">Columns, in pixels.</param>
/// <param name="Height">Rows, in pixels.</param>
/// <param name="Format">For instance JPEG.</param>
/// <param name="Hash">The first 8 hexadecimal digits of the file's SHA-256.</param>
internal sealed record PictureFacts(int Bytes, int Width, int Height, string Format, string Hash);
