using System.Diagnostics;
using System.Diagnostics.Metrics;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Telemetry;

namespace VlmSharp.Generation.Tests;

/// <summary>What OpenTelemetry receives from a session, and that a decode step allocates nothing for it.</summary>
[Collection(nameof(TelemetryTests))]
public sealed class TelemetryTests : IDisposable
{
    private const string CallerName = "VlmSharp.Cpu.Tests";

    private static readonly ActivitySource Caller = new(CallerName);

    // a unique model name, because other tests emit telemetry too
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"vlmsharp-telemetry-{Guid.NewGuid():N}");
    private readonly ActivityListener listener;
    private readonly MeterListener meters = new();
    private readonly Activity caller;
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;
    private readonly Lock gate = new();
    private readonly List<Activity> spans = [];
    private bool onlyCounts;
    private int heard;
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> measured = [];

    public TelemetryTests()
    {
        ModelName = Path.GetFileName(folder);
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(GoldenFiles.DemoModel))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is VlmSharpTelemetry.Name or CallerName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => { lock (gate) if (span.TraceId == caller?.TraceId) spans.Add(span); },
        };
        ActivitySource.AddActivityListener(listener);
        caller = Caller.StartActivity("caller")!;
        meters.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == VlmSharpTelemetry.Name) self.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Measured(instrument, value, tags));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        meters.Start();
        model = VisionLanguageModel.Open(folder, backend);
    }

    public void Dispose()
    {
        caller.Dispose();
        listener.Dispose();
        meters.Dispose();
        model.Dispose();
        backend.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string ModelName { get; }

    [Fact]
    public void Spans_cover_loading_and_each_stage_of_generating()
    {
        GenerationResult[] results =
        [
            .. model.Generate([Request("cake.png", "caption en"), Request("sun.png", "detect sun")], new GenerationOptions
            {
                Temperature = 0.5f,
                TopK = 1,
                Seed = 7,
                MaxNewTokens = 20,
                StopStrings = ["@"]
            })
        ];
        Assert.Equal(
            [$"load {ModelName}", "vision", "prefill", "decode", $"generate_content {ModelName}"], spans.Select(s => s.OperationName));
        Assert.Same(caller, Activity.Current);
        Activity whole = spans[^1];
        Assert.Equal(caller.SpanId, whole.ParentSpanId);
        Assert.All(spans[1..4], span => Assert.Equal(whole.SpanId, span.ParentSpanId));
        Assert.All(spans[1..4], span => Assert.True(span.StartTimeUtc >= whole.StartTimeUtc && span.Duration <= whole.Duration));
        Assert.Equal(2, spans[1].GetTagItem("vlmsharp.pictures"));

        int input = results.Sum(r => r.PromptTokens), output = results.Sum(r => r.TokenIds.Count);
        Assert.Equal(input, spans[2].GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(output - 2, spans[3].GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal(input, whole.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(output, whole.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal(new[] { "stop", "stop" }, whole.GetTagItem("gen_ai.response.finish_reasons"));
        Assert.Equal("generate_content", whole.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("vlmsharp", whole.GetTagItem("gen_ai.provider.name"));
        Assert.Equal(ModelName, whole.GetTagItem("gen_ai.request.model"));
        Assert.Equal(20, whole.GetTagItem("gen_ai.request.max_tokens"));
        Assert.Equal(0.5, whole.GetTagItem("gen_ai.request.temperature"));
        Assert.Equal(1.0, whole.GetTagItem("gen_ai.request.top_k"));
        Assert.Equal(7L, whole.GetTagItem("gen_ai.request.seed"));
        Assert.Equal(new[] { "@" }, whole.GetTagItem("gen_ai.request.stop_sequences"));
        Assert.Equal(ActivityStatusCode.Unset, whole.Status);
        Assert.DoesNotContain(spans.SelectMany(s => s.TagObjects), tag =>
            tag.Value is string text
                && (text.Contains("caption", StringComparison.Ordinal) || text.Contains("cake", StringComparison.Ordinal)));
    }

    [Fact]
    public void Metrics_count_tokens_and_times_of_each_sequence()
    {
        GenerationResult[] results = [.. model.Generate([Request("cake.png", "caption en"), Request("sun.png", "caption en")])];
        Assert.Equal(2, Of("gen_ai.server.time_to_first_token").Count());
        Assert.Equal(2, Of("gen_ai.server.time_per_output_token").Count());
        double whole = Assert.Single(Of("gen_ai.server.request.duration")).Value;
        Assert.All(
            Of("gen_ai.server.time_to_first_token").Concat(Of("gen_ai.server.time_per_output_token")),
            m => Assert.InRange(m.Value, 0, whole));
        Assert.True(Assert.Single(Of("vlmsharp.decode.rate")).Value > 0);
        Dictionary<string, double> usage =
            Of("gen_ai.client.token.usage").ToDictionary(m => (string)m.Tags["gen_ai.token.type"]!, m => m.Value);
        Assert.Equal(results.Sum(r => r.PromptTokens), usage["input"]);
        Assert.Equal(results.Sum(r => r.TokenIds.Count), usage["output"]);
        Assert.All(
            measured.Where(m => !m.Name.StartsWith("vlmsharp.step.", StringComparison.Ordinal)),
            m => Assert.Equal("generate_content", m.Tags["gen_ai.operation.name"]));
    }

    [Fact]
    public void Every_step_is_measured_with_its_stage_and_its_sequences()
    {
        GenerationRequest[] requests =
            [Request("cake.png", "caption en"), Request("sun.png", "caption en"), Request("cake.png", "detect cake")];
        using GenerationSession session = model.Start(requests, new GenerationOptions { MaxNewTokens = 5, IgnoreEndOfSequence = true });
        int steps = 0;
        while (!session.IsFinished)
        {
            session.Step();
            steps++;
        }

        Dictionary<string, double[]> byStage = Of("vlmsharp.step.duration")
            .GroupBy(m => (string)m.Tags["vlmsharp.stage"]!)
            .ToDictionary(g => g.Key, g => g.Select(m => m.Value).ToArray());
        Assert.Equal((1, 1, steps - 1), (byStage["vision"].Length, byStage["prefill"].Length, byStage["decode"].Length));
        Assert.Equal(session.Timings.Vision.TotalSeconds, byStage["vision"].Sum(), 1e-9);
        Assert.Equal(session.Timings.Prefill.TotalSeconds, byStage["prefill"].Sum(), 1e-9);
        Assert.Equal(session.Timings.Decode.TotalSeconds, byStage["decode"].Sum(), 1e-9);
        Assert.Equal(Enumerable.Repeat(3.0, steps), Of("vlmsharp.step.sequences").Select(m => m.Value));
    }

    [Fact]
    public void A_beam_search_counts_the_tokens_of_its_best_beam()
    {
        GenerationResult result = model.Generate([Request("cake.png", "caption en")], new GenerationOptions { Beams = 3 })[0];
        Assert.Equal(result.TokenIds.Count, spans[^1].GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Single(Of("gen_ai.server.time_to_first_token"));
    }

    [Fact]
    public void A_canceled_session_ends_its_spans()
    {
        using (GenerationSession session = model.Start([Request("cake.png", "caption en")]))
        {
            session.Step();
            session.Step();
        }

        Activity whole = spans[^1];
        Assert.Equal("canceled", whole.GetTagItem("error.type"));
        Assert.Equal(2, whole.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal("canceled", Assert.Single(Of("gen_ai.server.request.duration")).Tags["error.type"]);
    }

    [Fact]
    public void A_refused_request_has_a_failed_span()
    {
        Assert.Throws<RequestException>(() => model.Start([new GenerationRequest { Images = [], Prompt = "caption en" }]));
        Assert.Equal(ActivityStatusCode.Error, spans[^1].Status);
        Assert.Equal("VlmSharp.RequestException", spans[^1].GetTagItem("error.type"));
        Assert.Throws<ModelFormatException>(() => VisionLanguageModel.Open(Path.Combine(folder, "nowhere"), backend));
        Assert.Equal(("load nowhere", ActivityStatusCode.Error), (spans[^1].OperationName, spans[^1].Status));
    }

    [Fact]
    public void A_measured_decode_step_allocates_nothing()
    {
        GenerationRequest[] requests = [Request("cake.png", "caption en"), Request("sun.png", "detect sun")];
        var options = new GenerationOptions { MaxNewTokens = 60, IgnoreEndOfSequence = true };
        model.Generate(requests, options); // the text of a token is made at its first use and kept
        using GenerationSession session = model.Start(requests, options);
        onlyCounts = true; // what this test itself would keep
        for (int i = 0; i < 20; i++) session.Step();
        int heardBefore = heard;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 30; i++) session.Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(60, heard - heardBefore); // two measurements for each step: its time and its sequences
    }

    private IEnumerable<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name) =>
        measured.Where(m => m.Name == name);

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (onlyCounts)
        {
            foreach ((string key, object? text) in tags)
                if (key == "gen_ai.request.model" && Equals(text, ModelName)) heard++;
            return;
        }

        Dictionary<string, object?> all = new(tags.ToArray());
        lock (gate)
            if (Equals(all["gen_ai.request.model"], ModelName)) measured.Add((instrument.Name, value, all));
    }

    private static GenerationRequest Request(string picture, string prompt) =>
        new() { Images = [ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", picture))], Prompt = prompt };
}
