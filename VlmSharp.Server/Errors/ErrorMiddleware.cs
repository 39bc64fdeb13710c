using System.Globalization;
using Microsoft.AspNetCore.Http;
using VlmSharp.Imaging;

namespace VlmSharp.Server.Errors;

/// <summary>
/// Answers every failed request in OpenAI's format: exceptions of handlers, and requests that ASP.NET refuses with an empty body. A fault
/// of the server is reported without details.
/// </summary>
internal static class ErrorMiddleware
{
    /// <summary>Runs the rest of the pipeline.</summary>
    public static async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } empty)
                await WriteAsync(http, OfStatus(empty.StatusCode), cause: null);
        }
#pragma warning disable CA1031 // Whatever it is, the client hears of it in one shape.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await WriteAsync(http, Of(e), e);
        }
    }

    /// <summary>The error that a client receives for an exception.</summary>
    public static ApiException Of(Exception exception) => exception switch
    {
        ApiException api => api,
        _ when LacksMemory(exception) => ApiException.NoMemory(),
        ImageFormatException e => ApiException.Invalid(e.Message, "image", "invalid_image"),
        RequestException e => ApiException.Invalid(e.Message, e.Parameter),
        BadHttpRequestException e => OfStatus(e.StatusCode),
        OperationCanceledException => new ApiException(499, RequestError.Canceled, null, "The request was canceled."),
        _ => OfStatus(500),
    };

    /// <summary>Whether memory itself ran out, of the machine or of the device, although every limit allowed what was to be done.</summary>
    public static bool LacksMemory(Exception exception) => exception is DeviceMemoryException || FreeMemory.RanOut(exception);

    /// <summary>Records the error, and sends it if no answer has started yet.</summary>
    private static async Task WriteAsync(HttpContext http, ApiException error, Exception? cause)
    {
        http.Features.Set(new RequestError(http.RequestAborted.IsCancellationRequested ? RequestError.Canceled : error.Type, cause));
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
        {
            http.Abort(); // half of an answer must not pass for one
            return;
        }

        byte[] body = ErrorBody.Of(error);
        string? allow = http.Response.Headers.Allow; // of 405
        http.Response.Clear();
        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        if (allow is not null) http.Response.Headers.Allow = allow;
        if (error.Status == 401) http.Response.Headers.WWWAuthenticate = "Bearer";
        if (error.RetryAfter is { } after)
            http.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(body);
    }

    /// <summary>The error for a status that ASP.NET sends alone.</summary>
    private static ApiException OfStatus(int status) => status switch
    {
        404 => new ApiException(404, "invalid_request_error", "unknown_url", "There is no such route: /docs lists those there are."),
        405 => new ApiException(
            405, "invalid_request_error", "method_not_allowed", "This route takes another method: the header Allow names it."),
        408 => new ApiException(408, "invalid_request_error", "request_timeout", "The body came too slowly: send it again."),
        413 => new ApiException(
            413, "invalid_request_error", "request_too_large", "The body is larger than the server takes: send fewer or smaller pictures."),
        415 => ApiException.UnsupportedMediaType(),
        >= 400 and < 500 => new ApiException(status, "invalid_request_error", null, "The request is not valid HTTP."),
        _ => new ApiException(
            500, "server_error", null, "The server failed to answer. Its log says why, under the id of the header x-request-id."),
    };
}
