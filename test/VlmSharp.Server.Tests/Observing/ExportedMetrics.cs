using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VlmSharp.Generation;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>The text of <c>/metrics</c> after requests of every kind, and the instruments behind it.</summary>
public sealed partial class ExportedMetrics : IAsyncLifetime
{
    /// <summary>The text of the response.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The media type of the response.</summary>
    public string? ContentType { get; private set; }

    /// <summary>The type of each metric that the text states, by name.</summary>
    public IReadOnlyDictionary<string, string> Types { get; private set; } = new Dictionary<string, string>();

    /// <summary>The instruments of the meters of VlmSharp.</summary>
    public IReadOnlyList<Instrument> Instruments { get; private set; } = [];

    public async Task InitializeAsync()
    {
        var instruments = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("VlmSharp", StringComparison.Ordinal)) instruments.Add(instrument);
            }
        };
        RunningServer server = await RunningServer.StartAsync(options => options with { MaxBodyBytes = 1 << 20 });
        try
        {
            await MeasureAsync(server);
            listener.Start(); // the meter must still exist
        }
        finally
        {
            await server.DisposeAsync();
        }

        Instruments =
            [.. instruments.DistinctBy(instrument => instrument.Name).OrderBy(instrument => instrument.Name, StringComparer.Ordinal)];
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Makes a request that is answered, one that fails in the engine, and one that is refused.</summary>
    private async Task MeasureAsync(RunningServer server)
    {
        using HttpResponseMessage caption = await server.PostAsync("/v1/caption", new JsonObject { ["image"] = RunningServer.SampleUri });
        Assert.True(caption.IsSuccessStatusCode, await caption.Content.ReadAsStringAsync());
        using HttpResponseMessage large = await server.PostAsync("/v1/caption", new string(' ', 2 << 20));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        await Assert.ThrowsAsync<RequestException>(
            () => server.Model.GenerateAsync(new GenerationRequest { Images = [], Prompt = "caption en" }));
        using HttpResponseMessage metrics = await server.Client.GetAsync($"{server.Server.Address}/metrics");
        (Text, ContentType) = (await metrics.Content.ReadAsStringAsync(), metrics.Content.Headers.ContentType?.ToString());
        Types = TypeLine().Matches(Text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
    }

    /// <summary>The labels of a metric, in order; <c>le</c> is not among them.</summary>
    public string[] Labels(string metric) =>
        [.. Regex.Matches(Text, $"^{metric}(_bucket|_sum|_count)?\\{{(.*)\\}} ", RegexOptions.Multiline)
            .SelectMany(match => LabelName().Matches(match.Groups[2].Value).Select(label => label.Groups[1].Value))
            .Where(label => label != "le").Distinct()
            .Order(StringComparer.Ordinal)];

    /// <summary>The metric to which a sample of this name belongs, or null.</summary>
    public string? MetricOf(string sample)
    {
        if (Types.TryGetValue(sample, out string? type) && type != "histogram") return sample;
        string name = HistogramSuffix().Replace(sample, "");
        return name != sample && Types.TryGetValue(name, out type) && type == "histogram" ? name : null;
    }

    [GeneratedRegex("^# TYPE (\\S+) (\\S+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex("([a-zA-Z_]\\w*)=\"")]
    private static partial Regex LabelName();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();
}
