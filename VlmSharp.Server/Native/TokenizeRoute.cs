using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tokenization;

namespace VlmSharp.Server.Native;

/// <summary><c>POST /v1/tokenize</c>: a text's tokens, without any that a prompt would add.</summary>
internal static class TokenizeRoute
{
    /// <summary>Answers a request: <c>{"text": ...}</c> becomes <c>{"ids": [...], "tokens": [...], "count": n}</c>.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(call);
        (string text, string? model) = Read(body.Span, call.Limits);
        call.Record.Model = call.Served.Find(model).Id;
        ITokenizer tokenizer = call.Served.Model.Tokenizer!;
        int[] ids = tokenizer.Encode(text, ControlTokens.AsText);
        await JsonResponse.WriteAsync(call.Http.Response, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("ids");
            foreach (int id in ids) json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            foreach (int id in ids) json.WriteStringValue(tokenizer.Piece(id));
            json.WriteEndArray();
            json.WriteNumber("count", ids.Length);
            json.WriteEndObject();
        }, call.Token);
    }

    private static (string Text, string? Model) Read(ReadOnlySpan<byte> body, RequestLimits limits)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = limits.MaxJsonDepth });
        try
        {
            json.Read();
            JsonValues.BeginObject(ref json, null);
            string? text = null, model = null;
            var seen = new HashSet<string>();
            while (JsonValues.NextMember(ref json, seen, out string name))
            {
                if (name == "text") text = JsonValues.Text(ref json, name, limits.MaxPromptCharacters);
                else if (name == "model") model = JsonValues.Text(ref json, name, 256);
                else throw ApiException.Invalid($"There is no member {name} here: give text.", name, "unknown_parameter");
            }

            json.Read();
            return (text ?? throw ApiException.Invalid("text is missing: give the text.", "text", "missing_required_parameter"), model);
        }
        catch (JsonException e)
        {
            throw RequestBody.NotJson(e);
        }
    }
}
