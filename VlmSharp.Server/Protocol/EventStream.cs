using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>
/// Server-sent events: <c>data: {...}</c> and an empty line, each sent at once; <c>data: [DONE]</c> at the end. Several threads may write.
/// </summary>
internal sealed class EventStream : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HttpResponse response;
    private readonly SemaphoreSlim turn = new(1);
    private readonly ArrayBufferWriter<byte> buffer = new();

    private EventStream(HttpResponse response) => this.response = response;

    /// <summary>Sends the headers: from here on an error is an event.</summary>
    public static async Task<EventStream> BeginAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx hands each event on as it comes
        await response.StartAsync(cancellationToken);
        return new EventStream(response);
    }

    /// <summary>Sends one event.</summary>
    /// <param name="write">Writes a value.</param>
    /// <param name="cancellationToken">Ends the waiting for a client that does not read.</param>
    public async Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            buffer.ResetWrittenCount();
            buffer.Write("data: "u8);
            using (var json = new Utf8JsonWriter(buffer, Options)) write(json);
            buffer.Write("\n\n"u8);
            await response.Body.WriteAsync(buffer.WrittenMemory, cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Sends the events of a request and <c>[DONE]</c>, or an error as the last event if that fails.</summary>
    /// <param name="call">The HTTP request; if its client leaves, sending ends.</param>
    /// <param name="send">Sends them.</param>
    public async Task RunAsync(ApiCall call, Func<Task> send)
    {
        try
        {
            await send();
            await response.Body.WriteAsync("data: [DONE]\n\n"u8.ToArray(), call.Token);
            await response.Body.FlushAsync(call.Token);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            ApiException reason = call.Reason();
            await FailAsync(reason, reason);
        }
#pragma warning disable CA1031 // The headers are sent: the client hears of it in an event.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await FailAsync(ErrorMiddleware.Of(e), e);
        }
    }

    /// <summary>Sends an error as the last event. It waits only a moment, because the client may be gone or not reading.</summary>
    private async Task FailAsync(ApiException error, Exception cause)
    {
        response.HttpContext.Features.Set(new RequestError(error.Type, cause));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await WriteAsync(json =>
            {
                json.WriteStartObject();
                ErrorBody.Write(json, error);
                json.WriteEndObject();
            }, patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            response.HttpContext.Abort();
        }
    }

    public void Dispose() => turn.Dispose();
}
