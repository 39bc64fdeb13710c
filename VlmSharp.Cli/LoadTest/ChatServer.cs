using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A client of a server with OpenAI's chat protocol.</summary>
internal sealed class ChatServer : IDisposable
{
    private const int MostModelListBytes = 4 << 20, MostAnswerBytes = 16 << 20;

    private readonly HttpClient client;
    private readonly Uri chat, models;
    private readonly JsonElement? extra;

    /// <summary>Creates the client; opens no connection yet.</summary>
    /// <param name="url">URL of the server, with or without /v1.</param>
    /// <param name="key">The API key; null to send none.</param>
    /// <param name="extra">An object whose members are added to every request; null for none.</param>
    /// <param name="newConnections">Whether each request opens its own connection.</param>
    public ChatServer(Uri url, string? key, JsonElement? extra, bool newConnections = false)
    {
        this.extra = extra;
        string root = url.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (!root.EndsWith("/v1", StringComparison.Ordinal)) root += "/v1";
        (chat, models) = (new Uri($"{root}/chat/completions"), new Uri($"{root}/models"));
        client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, // a proxy would distort the latencies
            AllowAutoRedirect = false,
            MaxResponseDrainSize = 0, // to cancel an answer, close the connection instead of reading the rest
            ConnectTimeout = TimeSpan.FromSeconds(30),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.ConnectionClose = newConnections;
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The model name in requests; null to omit it.</summary>
    public string? Model { get; private set; }

    /// <summary>Checks that the server answers, and chooses a model: the given one, or the first that the server lists.</summary>
    /// <param name="model">The model's name; null for the first.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="IOException">The server does not answer, or refuses.</exception>
    public async Task ConnectAsync(string? model, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(models, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if ((int)response.StatusCode is 401 or 403)
                throw new IOException($"{models} answers {(int)response.StatusCode}: give a key that is good there with --api-key-file.");
            if (model is null && response.IsSuccessStatusCode) model = await FirstModelAsync(response, cancellation);
            Model = model; // null if the server has one model and no list
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"{models} does not answer ({e.Message}): start the server first, or give another URL.", e);
        }
    }

    private static async Task<string?> FirstModelAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using var stream = new CappedStream(await response.Content.ReadAsStreamAsync(cancellation), MostModelListBytes);
            using JsonDocument list = await JsonDocument.ParseAsync(stream, default, cancellation);
            return list.RootElement.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()).FirstOrDefault();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or InvalidDataException)
        {
            string url = $"{response.RequestMessage?.RequestUri}";
            throw new IOException($"{url} is no list of models ({e.Message}): give the URL of a server with OpenAI's protocol.", e);
        }
    }

    /// <summary>Sends a request.</summary>
    /// <param name="request">Has the prompt and the picture.</param>
    /// <param name="cancellation">Closes the connection.</param>
    /// <returns>The response as soon as its headers have arrived.</returns>
    public async Task<HttpResponseMessage> PostAsync(LoadRequest request, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, chat) { Content = new ChatBody(request, Model, extra) };
        return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>The events of a streamed answer as they arrive.</summary>
    /// <param name="stream">The body of the response, in pieces of any size.</param>
    /// <param name="cancellation">Ends the wait for the next event.</param>
    /// <exception cref="JsonException">An event cannot be parsed.</exception>
    /// <exception cref="InvalidDataException">The answer is too long.</exception>
    public static async IAsyncEnumerable<ChatPiece> ReadAsync(
        Stream stream, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var capped = new CappedStream(stream, MostAnswerBytes);
        await foreach (SseItem<ChatPiece> item in SseParser.Create(capped, ChatPiece.Parse).EnumerateAsync(cancellation))
            yield return item.Data;
    }

    public void Dispose() => client.Dispose();
}
