using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Chat;

/// <summary>An answer as OpenAI writes it, whole or in chunks.</summary>
internal sealed class ChatAnswer(ApiCall call, ChatRequest request, string model, string prompt, SeenPicture first)
{
    private readonly string id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Answers with one object, when all choices are complete.</summary>
    public async Task WriteAsync(Asked asked)
    {
        GenerationResult[] results = await asked.ResultsAsync();
        await JsonResponse.WriteAsync(call.Http.Response, json =>
        {
            json.WriteStartObject();
            WriteHead(json, "chat.completion");
            json.WriteStartArray("choices");
            for (int i = 0; i < results.Length; i++) WriteChoice(json, i, results[i]);
            json.WriteEndArray();
            asked.UsageOf(results).Write(json);
            json.WriteEndObject();
        }, call.Token);
    }

    /// <summary>What every object begins with.</summary>
    public void WriteHead(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", id);
        json.WriteString("object", kind);
        json.WriteNumber("created", created);
        json.WriteString("model", model);
        json.WriteString("system_fingerprint", call.Served.FingerprintOf(model));
    }

    /// <summary>
    /// If the prompt asks for boxes, writes them next to the answer's text: <c>width</c>, <c>height</c> and <c>detections</c>.
    /// </summary>
    public void WriteDetections(Utf8JsonWriter json, GenerationResult result)
    {
        if (Detections.Read(call.Served, prompt, result, first) is not { } read) return;
        json.WriteNumber("width", read.Width);
        json.WriteNumber("height", read.Height);
        TaskJson.WriteDetections(json, read.Detections);
    }

    private void WriteChoice(Utf8JsonWriter json, int index, GenerationResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", result.Text);
        json.WriteNull("refusal");
        WriteDetections(json, result);
        json.WriteEndObject();
        TokenSpelling.Write(
            json,
            call.Served.Model.Tokenizer!,
            request.WantsLogProbabilities ? LoggedTokens.Of(call.Served.Model.Tokenizer!, result) : null);
        json.WriteString("finish_reason", Asked.Finish(result));
        json.WriteEndObject();
    }
}
