using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>On a backend that queues, each step is queued before the tokens of the previous step are read. Nothing else changes.</summary>
public sealed class QueuedGenerationTests : IDisposable
{
    private const int Steps = 32;

    private static readonly string[] Pictures = ["cake.png", "car-key.png", "sun.png"];

    private readonly CpuBackend cpu = new();
    private readonly QueuedBackend queued;
    private readonly ReplayingBackend replaying;
    private readonly VisionLanguageModel model, ahead, replayed;

    public QueuedGenerationTests()
    {
        (queued, replaying) = (new QueuedBackend(cpu), new ReplayingBackend(cpu));
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, cpu);
        ahead = VisionLanguageModel.Open(GoldenFiles.DemoModel, queued);
        replayed = VisionLanguageModel.Open(GoldenFiles.DemoModel, replaying);
    }

    public static TheoryData<string> Ways =>
        ["long", "ends", "sampling", "stop strings", "added", "beams", "constraint", "history", "canceled"];

    public void Dispose()
    {
        replayed.Dispose();
        ahead.Dispose();
        model.Dispose();
        replaying.Dispose();
        queued.Dispose();
        cpu.Dispose();
    }

    [Fact]
    public void The_next_step_is_queued_before_waiting_for_a_token()
    {
        var options = new GenerationOptions { MaxNewTokens = Steps, IgnoreEndOfSequence = true };
        GenerationResult result = ahead.Generate(DemoRequests.Ask("cake.png", "caption en"), options);
        Assert.Equal(Steps, result.TokenIds.Count);
        Assert.Equal(Steps, queued.Log.Count(e => e == "embed"));
        var expected = new List<string> { "embed", "choose 0" };
        for (int step = 1; step < Steps; step++) expected.AddRange(["embed", $"choose {step}", $"download {step - 1}"]);
        expected.Add($"download {Steps - 1}");
        Assert.Equal(expected, queued.Log);
    }

    [Theory, MemberData(nameof(Ways))]
    public void Results_equal_those_of_a_backend_that_does_not_queue(string way)
    {
        IReadOnlyList<GenerationResult> expected = Generate(model, way);
        AssertSame(expected, Generate(ahead, way));
        AssertSame(expected, Generate(replayed, way));
        if (way == "long") Assert.True(replaying.Replayed > 20);
        if (way == "stop strings") Assert.Contains(expected, r => r.Finish == FinishReason.Stop);
    }

    /// <summary>Sequences end one after the other and new ones come, so the sizes of the steps go up and down.</summary>
    [Fact]
    public void A_recording_stays_valid_when_sequences_come_and_go()
    {
        IReadOnlyList<GenerationResult> expected = ComeAndGo(model);
        AssertSame(expected, ComeAndGo(ahead));
        AssertSame(expected, ComeAndGo(replayed));
        Assert.Equal(2 + 2, replaying.Recorded); // greedy steps with one, two and three rows, and a sampling step with one row
        Assert.True(replaying.Replayed > 30);

        static IReadOnlyList<GenerationResult> ComeAndGo(VisionLanguageModel model)
        {
            var options = new GenerationOptions { MaxNewTokens = 40, IgnoreEndOfSequence = true };
            using GenerationSession session = model.Start([DemoRequests.Ask("cake.png", "caption en")], options);
            Go(session, 6);
            session.Add(DemoRequests.Ask("sun.png", "detect sun"), options with { MaxNewTokens = 8 });
            session.Add(DemoRequests.Ask("car-key.png", "detect key"), options with { MaxNewTokens = 14 });
            Go(session, 20);
            session.Add(DemoRequests.Ask("car-key.png", "caption en"), options with { MaxNewTokens = 8 });
            while (!session.IsFinished) session.Step();
            session.Add(DemoRequests.Ask("sun.png", "caption en"), options with { MaxNewTokens = 12, Temperature = 2, Seed = 9 });
            while (!session.IsFinished) session.Step();
            return session.Results();
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public void Every_matrix_is_given_back(string way)
    {
        for (int i = 0; i < 2; i++) Generate(ahead, way);
        long bytes = cpu.AllocatedBytes;
        for (int i = 0; i < 5; i++) Generate(ahead, way);
        Assert.Equal(bytes, cpu.AllocatedBytes);
    }

    private static IReadOnlyList<GenerationResult> Generate(VisionLanguageModel model, string way)
    {
        GenerationOptions options = Options(way);
        string[] prompts = ["caption en", "what is below the car?", "caption en"];
        GenerationRequest[] requests = [.. Pictures.Zip(prompts, (picture, prompt) => DemoRequests.Ask(picture, prompt))];
        using GenerationSession session = model.Start(requests, options);
        Go(session, 4);
        if (way == "added") session.Add(DemoRequests.Ask("sun.png", "detect sun"));
        if (way == "beams") session.Add(DemoRequests.Ask("sun.png", "detect sun"), new GenerationOptions { Beams = 3, MaxNewTokens = 12 });
        if (way == "constraint") session.Add(DemoRequests.Ask("cake.png", "detect cake", new Places()), options);
        if (way == "history") session.Add(DemoRequests.Ask("cake.png", "caption en"), options with { RepetitionPenalty = 1.3f });
        if (way == "canceled")
        {
            session.Cancel(1);
            Go(session, 5);
            session.Cancel(0);
        }

        while (!session.IsFinished) session.Step();
        return session.Results();
    }

    private static GenerationOptions Options(string way)
    {
        var whole = new GenerationOptions { MaxNewTokens = Steps, IgnoreEndOfSequence = true };
        return way switch
        {
            "ends" or "added" => new GenerationOptions { MaxNewTokens = Steps },
            "sampling" => whole with { Temperature = 1.5f, TopK = 100, TopP = 0.95f, Seed = 7, TopLogProbabilities = 2 },
            "stop strings" => whole with { StopStrings = ["ke", "su"] },
            _ => whole,
        };
    }

    private static void Go(GenerationSession session, int steps)
    {
        for (int i = 0; i < steps; i++) session.Step();
    }

    /// <summary>
    /// The tokens are the same, but a later request may share its first step with another request, so the step has another size.
    /// </summary>
    private static void AssertSame(IReadOnlyList<GenerationResult> expected, IReadOnlyList<GenerationResult> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i].TokenIds, actual[i].TokenIds);
            TensorAssert.Close([.. expected[i].LogProbabilities], [.. actual[i].LogProbabilities], 1e-5, "log-probabilities");
            Assert.Equal((expected[i].Text, expected[i].Finish), (actual[i].Text, actual[i].Finish));
        }
    }

    private sealed class Places : ITokenConstraint
    {
        private static readonly int[] Ids = [.. Enumerable.Range(1000, 1024)]; // <loc0000> to <loc1023> of the demo model

        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => Ids;
    }
}
