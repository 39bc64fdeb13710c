using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>On a backend that queues, the time of a step ends when its tokens are there, not when it was queued.</summary>
public sealed class QueuedTimingTests : IDisposable
{
    private readonly CpuBackend cpu = new();
    private readonly VisionLanguageModel model, ahead;

    public QueuedTimingTests()
    {
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, cpu);
        ahead = VisionLanguageModel.Open(GoldenFiles.DemoModel, new QueuedBackend(cpu));
    }

    public void Dispose()
    {
        ahead.Dispose();
        model.Dispose();
        cpu.Dispose();
    }

    [Fact]
    public void The_first_tokens_end_the_prefill_even_if_a_decode_step_is_already_queued()
    {
        using GenerationSession session = ahead.Start(
            [DemoRequests.Ask("cake.png", "caption en")], new GenerationOptions { MaxNewTokens = 6, IgnoreEndOfSequence = true });
        session.Step();
        GenerationTimings first = session.Timings;
        Assert.True(first.Prefill > TimeSpan.Zero);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, 0), (first.Vision, first.Decode, first.DecodedTokens));
        Assert.Equal(session.PromptIds(0).Count, first.PromptTokens);

        session.Step();
        GenerationTimings second = session.Timings;
        Assert.Equal((first.Prefill, 1), (second.Prefill, second.DecodedTokens));
        Assert.True(second.Decode > TimeSpan.Zero);
    }

    [Fact]
    public void Tokens_are_counted_as_on_a_backend_that_does_not_queue()
    {
        GenerationTimings expected = Timings(model), queued = Timings(ahead);
        Assert.Equal((expected.PromptTokens, expected.DecodedTokens), (queued.PromptTokens, queued.DecodedTokens));
        Assert.True(expected.Vision > TimeSpan.Zero && expected.Prefill > TimeSpan.Zero && expected.Decode > TimeSpan.Zero);
        Assert.True(queued.Vision == TimeSpan.Zero && queued.Prefill > TimeSpan.Zero && queued.Decode > TimeSpan.Zero);
    }

    /// <summary>
    /// Answers of several lengths: a sequence that has ended is still in the step that was queued before the end was known.
    /// </summary>
    private static GenerationTimings Timings(VisionLanguageModel model)
    {
        GenerationRequest[] requests =
            [
                DemoRequests.Ask("cake.png", "caption en"),
                DemoRequests.Ask("sun.png", "detect sun"),
                DemoRequests.Ask("car-key.png", "detect key")
            ];
        using GenerationSession session = model.Start(requests, new GenerationOptions { MaxNewTokens = 24 });
        while (!session.IsFinished) session.Step();
        Assert.Equal(session.Results().Sum(r => r.TokenIds.Count - 1), session.Timings.DecodedTokens);
        return session.Timings;
    }
}
