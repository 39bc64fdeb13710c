using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A server that speaks OpenAI's chat protocol, seen from a client.</summary>
internal sealed class ChatServer : IDisposable
{
    private const int MostModelListBytes = 4 << 20, MostAnswerBytes = 16 << 20;

    private readonly HttpClient client;
    private readonly Uri chat, models;
    private readonly JsonElement? extra;

    /// <summary>Opens no connection yet.</summary>
    /// <param name="url">Of the server, with or without /v1.</param>
    /// <param name="key">The API key; null sends none.</param>
    /// <param name="extra">An object whose members every request has; null has none.</param>
    /// <param name="newConnections">Whether each request opens a connection of its own.</param>
    public ChatServer(Uri url, string? key, JsonElement? extra, bool newConnections = false)
    {
        this.extra = extra;
        string root = url.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (!root.EndsWith("/v1", StringComparison.Ordinal)) root += "/v1";
        (chat, models) = (new Uri($"{root}/chat/completions"), new Uri($"{root}/models"));
        client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, // whose speed is not asked
            AllowAutoRedirect = false,
            MaxResponseDrainSize = 0, // who gives an answer up closes the connection, and does not read it to its end
            ConnectTimeout = TimeSpan.FromSeconds(30),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.ConnectionClose = newConnections;
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>What requests call the model; null names none.</summary>
    public string? Model { get; private set; }

    /// <summary>Sees whether the server answers, and takes a model: the one named, or the first that it lists.</summary>
    /// <param name="model">The model's name; null takes the first.</param>
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
            Model = model; // null where a server has one model, and no list
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
    /// <param name="request">What is asked.</param>
    /// <param name="cancellation">Closes the connection.</param>
    /// <returns>The answer as soon as its headers are there.</returns>
    public async Task<HttpResponseMessage> PostAsync(LoadRequest request, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, chat) { Content = new ChatBody(request, Model, extra) };
        return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>The events of a streamed answer, as they come.</summary>
    /// <param name="stream">The answer's body, in pieces of any size.</param>
    /// <param name="cancellation">Ends the wait for the next one.</param>
    /// <exception cref="JsonException">An event cannot be read.</exception>
    /// <exception cref="InvalidDataException">The answer does not end.</exception>
    public static async IAsyncEnumerable<ChatPiece> ReadAsync(
        Stream stream, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var capped = new CappedStream(stream, MostAnswerBytes);
        await foreach (SseItem<ChatPiece> item in SseParser.Create(capped, ChatPiece.Parse).EnumerateAsync(cancellation)) yield return item.Data;
    }

    public void Dispose() => client.Dispose();
}
