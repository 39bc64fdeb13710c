using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tokenization;

namespace VlmSharp.Server.Chat;

/// <summary>
/// An answer in chunks: for each choice first its role, then pieces of text, then its finish reason. After all choices come the usage, if
/// requested, and <c>[DONE]</c>. A piece holds whole characters, and nothing that may be the beginning of a stop text.
/// </summary>
internal sealed class ChatStream(ApiCall call, ChatRequest request, ChatAnswer answer)
{
    private readonly ITokenizer tokenizer = call.Served.Model.Tokenizer!;

    /// <summary>Sends the chunks as they come.</summary>
    public async Task WriteAsync(Asked asked)
    {
        using EventStream events = await EventStream.BeginAsync(call.Http.Response, call.Token);
        try
        {
            await events.RunAsync(call, async () =>
            {
                GenerationResult[] results = await Task.WhenAll(asked.Answers.Select((pending, i) => WriteChoiceAsync(events, i, pending)));
                asked.Note(results);
                if (request.IncludesUsage) await events.WriteAsync(json => WriteUsage(json, asked.UsageOf(results)), call.Token);
            });
        }
        finally
        {
            foreach (PendingAnswer pending in asked.Answers) pending.Cancel(); // of several, one may have failed
        }
    }

    private async Task<GenerationResult> WriteChoiceAsync(EventStream events, int index, PendingAnswer pending)
    {
        LoggedTokens? logged = request.WantsLogProbabilities ? new LoggedTokens(tokenizer) : null;
        await WriteChunkAsync(events, index, json => WriteDelta(json, "", isFirst: true), tokens: null, finish: null);
        await foreach (GeneratedToken token in pending.ReadAsync(call.Token))
        {
            logged?.Add(new LoggedToken(token.Id, token.LogProbability, token.Top ?? []));
            if (token.Text.Length > 0)
                await WriteChunkAsync(
                    events, index, json => WriteDelta(json, token.Text, isFirst: false), logged?.Release(token.Text), finish: null);
        }

        GenerationResult result = await pending.Result;
        await WriteChunkAsync(events, index, json => answer.WriteDetections(json, result), tokens: null, Asked.Finish(result));
        return result;
    }

    private static void WriteDelta(Utf8JsonWriter json, string text, bool isFirst)
    {
        if (isFirst) json.WriteString("role", "assistant");
        json.WriteString("content", text);
    }

    private Task WriteChunkAsync(EventStream events, int index, Action<Utf8JsonWriter> writeDelta, List<LoggedToken>? tokens,
        string? finish) => events.WriteAsync(json =>
    {
        json.WriteStartObject();
        answer.WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("delta");
        writeDelta(json);
        json.WriteEndObject();
        TokenSpelling.Write(json, tokenizer, tokens);
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
        if (request.IncludesUsage) json.WriteNull("usage");
        json.WriteEndObject();
    }, call.Token);

    private void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject();
        answer.WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteEndArray();
        usage.Write(json);
        json.WriteEndObject();
    }
}
