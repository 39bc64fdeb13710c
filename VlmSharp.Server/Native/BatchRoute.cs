using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Native;

/// <summary><c>POST /v1/batch</c>: many requests in one. Each takes its own place, and an error affects only that request.</summary>
/// <param name="pictures">Reads the pictures.</param>
internal sealed class BatchRoute(PictureReader pictures)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(ApiCall call)
    {
        List<(NativeRequest? Request, ApiException? Error)> items = await NativeReader.ReadBatchAsync(call);
        ReadOnlyMemory<byte>[] results = await Task.WhenAll(
            items.Select(item => item.Request is { } request ? AnswerAsync(call, request) : Task.FromResult(Failure(item.Error!))));
        await JsonResponse.WriteAsync(call.Http.Response, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("results");
            foreach (ReadOnlyMemory<byte> result in results) json.WriteRawValue(result.Span, skipInputValidation: true);
            json.WriteEndArray();
            json.WriteEndObject();
        }, call.Token);
    }

    // The answer is written as soon as it is there, so that its pictures make room for those of the requests behind it.
    private async Task<ReadOnlyMemory<byte>> AnswerAsync(ApiCall call, NativeRequest request)
    {
        try
        {
            using NativeJob job = await NativeJob.PrepareAsync(call, request, pictures);
            Asked asked = await job.AskAsync();
            GenerationResult[] results = await asked.ResultsAsync();
            return JsonResponse.Render(json => job.Write(json, asked, results[0]));
        }
        catch (RequestException e)
        {
            return Failure(ApiGate.Told(e, call.Served.Model));
        }
        catch (Exception e) when (e is ApiException or ImageFormatException || ErrorMiddleware.LacksMemory(e))
        {
            return Failure(ErrorMiddleware.Of(e));
        }
    }

    private static ReadOnlyMemory<byte> Failure(ApiException error) => JsonResponse.Render(json =>
    {
        json.WriteStartObject();
        ErrorBody.Write(json, error);
        json.WriteEndObject();
    });
}
