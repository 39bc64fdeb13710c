using System.Collections.Concurrent;
using System.Diagnostics;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Telemetry;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>
/// Each request of the engine has one span, below the span of its caller. The span ends exactly once, however the request ends.
/// </summary>
[Collection(nameof(TelemetryTests))]
public sealed class EngineTelemetryTests : IDisposable
{
    private const string CallerName = "VlmSharp.Engine.Tests";

    private static readonly ActivitySource Caller = new(CallerName);

    private readonly ActivityListener listener;
    private readonly ConcurrentQueue<Activity> ended = new();

    public EngineTelemetryTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is VlmSharpTelemetry.Name or CallerName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.OperationName.StartsWith("generate_content", StringComparison.Ordinal)) ended.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task A_request_has_one_span_that_ends_once()
    {
        GenerationOptions options = SteppedModel.Tokens(10);
        var expected = new Dictionary<ActivitySpanId, (string? Error, ActivityStatusCode Status, int? Tokens)>();
        var stepped = new SteppedModel();
        using var canceled = new CancellationTokenSource();
        stepped.Engine.MaxKvCacheBytes = 4 * stepped.KvCacheBytes(SteppedModel.Request(0), options with { MaxNewTokens = 200 });
        stepped.Backend.Hold();
        Task[] asked =
        [
            Ask("an answer", null, ActivityStatusCode.Unset, 10, SteppedModel.Request(0), options),
            Ask("another", null, ActivityStatusCode.Unset, 10, SteppedModel.Request(1), options),
            Ask(
                "canceled", "canceled", ActivityStatusCode.Unset, null, SteppedModel.Request(2), options with { MaxNewTokens = 200 },
                canceled.Token),
            Ask(
                "failed", "System.FormatException", ActivityStatusCode.Error, 3,
                SteppedModel.Request(3) with { Constraint = new Throwing() }, options),
            Ask("refused", "VlmSharp.RequestException", ActivityStatusCode.Error, 0, SteppedModel.Request(4), options with { Beams = 256 }),
            Ask(
                "refused too", "VlmSharp.RequestException", ActivityStatusCode.Error, 0, SteppedModel.Request(5) with { Images = [] },
                options),
            Ask("disposed of", "System.ObjectDisposedException", ActivityStatusCode.Error, null, SteppedModel.Request(5), options with
            {
                MaxNewTokens = 400
            }),
        ];
        await SteppedModel.Until(
            () => stepped.Engine.Running + stepped.Engine.Waiting == 5 && asked[4].IsCompleted && asked[5].IsCompleted, "all have come");
        stepped.Backend.Allow(4);
        await SteppedModel.Until(() => stepped.Backend.Steps == 4, "four steps");
        await canceled.CancelAsync();
        await asked[2];
        stepped.Backend.Allow(40);
        await Task.WhenAll(asked[..4]).WaitAsync(SteppedModel.Patience);
        stepped.Dispose();
        await asked[^1].WaitAsync(SteppedModel.Patience);

        Activity[] spans = [.. ended.Where(span => expected.ContainsKey(span.ParentSpanId))];
        Assert.Equal(asked.Length, spans.Length);
        Assert.Equal(asked.Length, spans.DistinctBy(span => span.ParentSpanId).Count());
        foreach (Activity span in spans)
        {
            (string? error, ActivityStatusCode status, int? tokens) = expected[span.ParentSpanId];
            Assert.Equal((error, status), ((string?)span.GetTagItem("error.type"), span.Status));
            if (tokens is not null) Assert.Equal(tokens, span.GetTagItem("gen_ai.usage.output_tokens"));
        }

        Task Ask(
            string name, string? error, ActivityStatusCode status, int? tokens, GenerationRequest request, GenerationOptions how,
            CancellationToken token = default)
        {
            using Activity span = Caller.StartActivity(name)!;
            expected.Add(span.SpanId, (error, status, tokens));
            return stepped.Model.GenerateAsync(request, how, token)
                .ContinueWith(task => Assert.Equal(error is null, task.IsCompletedSuccessfully), TaskScheduler.Default);
        }
    }

    private sealed class Throwing : ITokenConstraint
    {
        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => newTokens.Length == 3 ? throw new FormatException("no") : [];
    }
}
