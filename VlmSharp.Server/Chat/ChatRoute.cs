using System.Text;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Chat;

/// <summary><c>POST /v1/chat/completions</c>, compatible with OpenAI's clients.</summary>
/// <param name="pictures">Reads the pictures.</param>
internal sealed class ChatRoute(PictureReader pictures)
{
    /// <summary>Lists the ignored members of a request.</summary>
    private const string IgnoredHeader = "x-vlmsharp-ignored";

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(ApiCall call)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(call);
        ChatRequest request = ChatRequestReader.Read(body.Span, call.Limits);
        (string id, string adapter) = call.Choose(request.Model);
        string prompt = PromptOf(request, body.Span, call.Limits);
        call.Record.Prompt = prompt;
        using SeenPictures seen = await pictures.ReadAsync(
            call, [.. request.Pictures.Select(text => new GivenPicture(body, text))], param: "messages");
        body = default; // what waits in the queue is small
        call.ReleaseBody();
        if (request.HasSystem) call.Http.Response.Headers[IgnoredHeader] = "system";

        GenerationOptions options = request.Sampling.Build(Detections.MaxNewTokens(prompt), request.TopLogProbabilities);
        long? seed = options.Seed;
        GenerationRequest asking = Detections.Asking(call.Served, prompt, seen.Images) with { Adapter = adapter };
        GenerationRequest[] requests = [.. Enumerable.Range(0, request.Choices).Select(i =>
            asking with { Seed = seed is { } first ? unchecked(first + i) : null })];
        Asked asked = await Asked.BeginAsync(call, requests, options);
        var answer = new ChatAnswer(call, request, id, prompt, seen.First);
        if (request.Streams) await new ChatStream(call, request, answer).WriteAsync(asked);
        else await answer.WriteAsync(asked);
    }

    internal static string PromptOf(ChatRequest request, ReadOnlySpan<byte> body, RequestLimits limits)
    {
        var prompt = new StringBuilder();
        foreach (JsonString text in request.Texts)
        {
            prompt.Append(text.Text(body, limits.MaxPromptCharacters));
            if (prompt.Length > limits.MaxPromptCharacters)
                throw ApiException.Invalid(
                    $"The prompt has more than {limits.MaxPromptCharacters} characters: shorten it.",
                    "messages",
                    "string_above_max_length");
        }

        return prompt.ToString();
    }
}
