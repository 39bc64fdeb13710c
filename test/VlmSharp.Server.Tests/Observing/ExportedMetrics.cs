using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using VlmSharp.Generation;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What <c>/metrics</c> of a server says after requests of every kind, and the instruments behind it.</summary>
public sealed partial class ExportedMetrics : IAsyncLifetime
{
    /// <summary>The text.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The media type it came with.</summary>
    public string? ContentType { get; private set; }

    /// <summary>The type of each metric by its name, as the text says.</summary>
    public IReadOnlyDictionary<string, string> Types { get; private set; } = new Dictionary<string, string>();

    /// <summary>The instruments of the meters of VlmSharp.</summary>
    public IReadOnlyList<Instrument> Instruments { get; private set; } = [];

    public async Task InitializeAsync()
    {
        var instruments = new List<Instrument>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => { if (instrument.Meter.Name.StartsWith("VlmSharp", StringComparison.Ordinal)) instruments.Add(instrument); } };
        await using ObservedServer server = await ObservedServer.StartAsync();
        server.Load();
        using HttpResponseMessage caption = await server.CaptionAsync(), full = await server.Client.GetAsync("/full");
        Assert.True(caption.IsSuccessStatusCode);
        await Assert.ThrowsAsync<RequestException>(() => server.Model.GenerateAsync(new GenerationRequest { Images = [], Prompt = "caption en" }));
        using HttpResponseMessage metrics = await server.Client.GetAsync("/metrics");
        (Text, ContentType) = (await metrics.Content.ReadAsStringAsync(), metrics.Content.Headers.ContentType?.ToString());
        Types = TypeLine().Matches(Text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        listener.Start();
        Instruments = [.. instruments.DistinctBy(instrument => instrument.Name).OrderBy(instrument => instrument.Name, StringComparer.Ordinal)];
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>The labels of a metric, in order; <c>le</c> is not among them.</summary>
    public string[] Labels(string metric) =>
        [.. Regex.Matches(Text, $"^{metric}(_bucket|_sum|_count)?\\{{(.*)\\}} ", RegexOptions.Multiline)
            .SelectMany(match => LabelName().Matches(match.Groups[2].Value).Select(label => label.Groups[1].Value)).Where(label => label != "le").Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The metric that a sample of this name belongs to; null where there is none.</summary>
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
