using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Training.Tracking;

/// <summary>One metric of a step.</summary>
internal readonly record struct MlflowMetric(string Key, double Value, long Timestamp, long Step);

/// <summary>The five calls of MLflow's REST API 2.0 that a run needs.</summary>
internal sealed class MlflowClient : IDisposable
{
    /// <summary>The server's limits for one request.</summary>
    public const int MostMetrics = 1000, MostParameters = 100;

    private const int LongestKey = 250, LongestValue = 500, MostResponseBytes = 1 << 20;

    private readonly HttpClient http;
    private readonly Uri api;

    public MlflowClient(MlflowSettings settings)
    {
        http = new HttpClient { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = MostResponseBytes };
        api = new Uri(settings.Server.AbsoluteUri.TrimEnd('/') + "/api/2.0/mlflow/");
        if (settings.Token is { Length: > 0 } token)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        else if (settings.User is { Length: > 0 } user)
            http.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{settings.Password}")));
    }

    /// <summary>The id of an experiment, which is made if it is not there.</summary>
    public async Task<string> ExperimentAsync(string name, CancellationToken cancellation)
    {
        using HttpResponseMessage found =
            await http.GetAsync(new Uri(api, $"experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}"), cancellation);
        if (found.StatusCode != HttpStatusCode.NotFound) return Text(await ReadAsync(found, cancellation), "experiment", "experiment_id");
        return Text(await PostAsync("experiments/create", json => json.WriteString("name", name), cancellation), "experiment_id");
    }

    /// <summary>Makes a run.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> CreateRunAsync(string experiment, string name, long time, CancellationToken cancellation) => Text(
        await PostAsync("runs/create", json =>
        {
            json.WriteString("experiment_id", experiment);
            json.WriteString("run_name", name);
            json.WriteNumber("start_time", time);
        }, cancellation), "run", "info", "run_id");

    /// <summary>Adds metrics and parameters, no more than the server takes at once.</summary>
    public Task LogBatchAsync(string run, IReadOnlyList<MlflowMetric> metrics, IReadOnlyList<KeyValuePair<string, string>> parameters,
        CancellationToken cancellation) =>
        PostAsync("runs/log-batch", json =>
        {
            json.WriteString("run_id", run);
            json.WriteStartArray("metrics");
            foreach (MlflowMetric m in metrics)
            {
                json.WriteStartObject();
                json.WriteString("key", m.Key);
                json.WriteNumber("value", m.Value);
                json.WriteNumber("timestamp", m.Timestamp);
                json.WriteNumber("step", m.Step);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("params");
            foreach (var (key, value) in parameters)
            {
                json.WriteStartObject();
                json.WriteString("key", Cut(key, LongestKey));
                json.WriteString("value", Cut(value, LongestValue));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }, cancellation);

    /// <summary>Sets how a run stands: RUNNING, FINISHED, FAILED or KILLED.</summary>
    public Task UpdateRunAsync(string run, string status, long? endTime, CancellationToken cancellation) => PostAsync("runs/update", json =>
    {
        json.WriteString("run_id", run);
        json.WriteString("status", status);
        if (endTime is { } time) json.WriteNumber("end_time", time);
    }, cancellation);

    private async Task<JsonElement> PostAsync(string call, Action<Utf8JsonWriter> write, CancellationToken cancellation)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri(api, call), content, cancellation);
        return await ReadAsync(response, cancellation);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        byte[] bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"it answered {(int)response.StatusCode}: "
                + $"{MessageText.Sentence(Encoding.UTF8.GetString(bytes))}", null, response.StatusCode);
        var reader = new Utf8JsonReader(bytes.Length > 0 ? bytes : "{}"u8);
        return JsonElement.ParseValue(ref reader);
    }

    private static string Text(JsonElement from, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
            if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out from))
                throw new HttpRequestException($"its answer has no {MessageText.Quote(name)}");
        return from.ValueKind == JsonValueKind.String
            ? from.GetString()!
            : throw new HttpRequestException("its answer has another form than MLflow's");
    }

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..most];

    public void Dispose() => http.Dispose();
}
