using VlmSharp.Generation;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Native;

/// <summary><c>POST /v1/caption</c>, <c>/v1/ask</c>, <c>/v1/detect</c> and <c>/v1/segment</c>: boxes in pixels and masks as data.</summary>
/// <param name="kind">What the route is for.</param>
/// <param name="pictures">Reads the pictures.</param>
internal sealed class TaskRoute(TaskKind kind, PictureReader pictures)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(ApiCall call)
    {
        NativeRequest request = await NativeReader.ReadAsync(call, kind);
        using NativeJob job = await NativeJob.PrepareAsync(call, request, pictures);
        call.ReleaseBody();
        Asked asked = await job.AskAsync();
        if (request.Streams)
        {
            await StreamAsync(call, job, asked);
            return;
        }

        GenerationResult[] results = await asked.ResultsAsync();
        await JsonResponse.WriteAsync(call.Http.Response, json => job.Write(json, asked, results[0]), call.Token);
    }

    /// <summary>Sends pieces of text as they come, <c>{"text": ...}</c>, then the whole answer and <c>[DONE]</c>.</summary>
    private static async Task StreamAsync(ApiCall call, NativeJob job, Asked asked)
    {
        using EventStream events = await EventStream.BeginAsync(call.Http.Response, call.Token);
        await events.RunAsync(call, async () =>
        {
            PendingAnswer pending = asked.Answers[0];
            await foreach (GeneratedToken token in pending.ReadAsync(call.Token))
            {
                if (token.Text.Length == 0) continue;
                await events.WriteAsync(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("text", token.Text);
                    json.WriteEndObject();
                }, call.Token);
            }

            GenerationResult result = await pending.Result;
            asked.Note([result]);
            await events.WriteAsync(json => job.Write(json, asked, result), call.Token);
        });
    }
}
