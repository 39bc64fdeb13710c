using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The outermost middleware: gives a request its record and its id, and reports it to log, metrics and trace when it has ended.
/// </summary>
internal sealed class RequestObservation(RequestLog log, ServerMetrics metrics)
{
    private const int ClientClosedRequest = 499; // nginx's status of a client that left before its answer

    /// <summary>Runs a request.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var record = new RequestRecord
        {
            Id = RequestId.From(context.Request.Headers[RequestId.Header]),
            KeepsContent = log.IncludesContent,
        };
        context.Features.Set(record);
        context.Response.OnStarting(static state => // late: whoever writes an error clears the headers
        {
            (HttpContext context, string id) = ((HttpContext, string))state;
            context.Response.Headers[RequestId.Header] = id;
            return Task.CompletedTask;
        }, (context, record.Id));
        bool isCounted = !QuietPaths.Has(context.Request.Path); // or the number of requests under way would never be 0 when it is asked for
        if (isCounted) metrics.Begin();
        Exception? error = null;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = e;
            throw;
        }
        finally
        {
            if (isCounted) metrics.Leave();
            End(context, record, error);
        }
    }

    private void End(HttpContext context, RequestRecord record, Exception? error)
    {
        record.Route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "unmatched"; // not the path: it is a client's text
        record.Duration = Stopwatch.GetElapsedTime(record.Start);
        bool hasLeft = context.RequestAborted.IsCancellationRequested
            && (error is OperationCanceledException || !context.Response.HasStarted || record is { Model: not null, FinishReason: null });
        record.Status = context.Response.HasStarted ? context.Response.StatusCode
            : hasLeft ? ClientClosedRequest
            : error is BadHttpRequestException bad ? bad.StatusCode
            : error is not null ? StatusCodes.Status500InternalServerError
            : context.Response.StatusCode;
        Take(context.Features.Get<RequestError>(), record);
        if (hasLeft) record.ErrorType = RequestError.Canceled;
        else if (error is not null) record.ErrorType ??= "server_error";
        bool isQuiet = record.Status < 400 && QuietPaths.Has(context.Request.Path);
        Tell(context.Features.Get<IHttpActivityFeature>()?.Activity, context.Request.Method, record, isQuiet);
        if (isQuiet) return;
        metrics.End(record);
        log.Write(record);
    }

    /// <summary>Copies the error that the client received and where it occurred, if the server failed or its memory ran out.</summary>
    private static void Take(RequestError? told, RequestRecord record)
    {
        if (told is null) return;
        record.ErrorType ??= told.Type;
        if (told.Cause is not { } cause) return;
        bool isShort = ErrorMiddleware.LacksMemory(cause);
        if (isShort && record.Status == StatusCodes.Status503ServiceUnavailable) record.Rejection ??= Rejection.NoMemory;
        if (!isShort && told.Type != "server_error") return;
        string? method = cause.StackTrace?.Split('\n')[0].Split(" in ")[0].TrimEnd();
        record.Fault = $"{cause.GetType().Name}{method}";
    }

    /// <summary>ASP.NET Core's span of the request, under the names of the semantic conventions for HTTP.</summary>
    private static void Tell(Activity? span, string method, RequestRecord record, bool isQuiet)
    {
        if (span is null) return;
        record.TraceId = span.TraceId.ToHexString();
        if (isQuiet) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded; // exporters leave it out
        if (!span.IsAllDataRequested || isQuiet) return;
        span.DisplayName = $"{Method(method)} {record.Route}";
        span.SetTag("http.request.method", Method(method)).SetTag("http.route", record.Route);
        span.SetTag("http.response.status_code", record.Status).SetTag("vlmsharp.request.id", record.Id);
        if (record.ErrorType is { } type) span.SetTag("error.type", type);
        else if (record.Status >= 500) span.SetTag("error.type", record.Status.ToString(CultureInfo.InvariantCulture));
        if (record.Status >= 500) span.SetStatus(ActivityStatusCode.Error);
    }

    private static string Method(string method) => method.Length <= 7 && method.All(char.IsAsciiLetterUpper) ? method : "_OTHER";
}
