using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Generation;

namespace VlmSharp.Gpu.Tests.Recording;

/// <summary>A model gives the same tokens with the same log-probabilities whether its steps are recorded or not.</summary>
[Collection(SharedDevice.Collection)]
public sealed class RecordedModelTests : IDisposable
{
    private readonly RecordingDevice device = new();
    private readonly VisionLanguageModel recorded, plain;
    private readonly GenerationRequest[] questions = DemoQuestions.Load();

    public RecordedModelTests()
    {
        recorded = Open(new GpuBackend(device, "recording", "a device that records", useTensorCores: false));
        plain = Open(SharedDevice.Backend());
    }

    public void Dispose()
    {
        foreach (VisionLanguageModel model in new[] { recorded, plain })
        {
            model.Dispose();
            model.Backend.Dispose();
        }

        device.Dispose();
        Assert.Equal(0, device.Alive);
    }

    [OpenClFact]
    public void Greedily() => Compare(questions[..1], new GenerationOptions { MaxNewTokens = 20, IgnoreEndOfSequence = true });

    [OpenClFact]
    public void By_drawing() => Compare(questions[..3], new GenerationOptions
    {
        MaxNewTokens = 20,
        IgnoreEndOfSequence = true,
        Temperature = 1.5f,
        TopK = 40,
        TopP = 0.95f,
        Seed = 3,
        TopLogProbabilities = 2,
    });

    /// <summary>All together with different lengths, or one every five steps. The batch grows and shrinks from step to step.</summary>
    [OpenClTheory]
    [InlineData(0)]
    [InlineData(5)]
    public void Sequences_that_join_and_end_at_different_steps(int apart)
    {
        Assert.Equal(Join(plain, apart), Join(recorded, apart));
        AssertReplayed();
    }

    [OpenClFact]
    public async Task Callers_of_the_engine()
    {
        // Long enough that steps with the same rows are repeated, however the requests arrive.
        var options = new GenerationOptions { MaxNewTokens = 24, IgnoreEndOfSequence = true };
        GenerationResult[] together = await Task.WhenAll(questions[..8].Select(question => recorded.GenerateAsync(question, options)));
        for (int i = 0; i < together.Length; i++)
        {
            GenerationResult alone = plain.Generate(questions[i], options);
            Assert.Equal(alone.TokenIds, together[i].TokenIds);
            TensorAssert.Close(
                alone.LogProbabilities.ToArray(), together[i].LogProbabilities.ToArray(), 1e-4, $"log-probabilities of question {i}");
        }

        Assert.True(device.Recordings > 0);
    }

    private void Compare(GenerationRequest[] requests, GenerationOptions options)
    {
        IReadOnlyList<GenerationResult> expected = plain.Generate(requests, options), actual = recorded.Generate(requests, options);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(expected[i].TokenIds, actual[i].TokenIds);
            Assert.Equal(expected[i].LogProbabilities, actual[i].LogProbabilities); // the same kernels in the same order
        }

        AssertReplayed();
    }

    private void AssertReplayed()
    {
        Assert.True(device.Recordings > 0);
        Assert.True(device.Replays > device.Recordings, $"{device.Recordings} recordings are replayed {device.Replays} times.");
    }

    /// <summary>The tokens and log-probabilities of requests, each with a longer cache than the one before.</summary>
    private (int, float)[] Join(VisionLanguageModel model, int apart)
    {
        using GenerationSession session = model.Start([]);
        for (int step = 0, added = 0; added < 5 || !session.IsFinished; step++)
        {
            while (added < 5 && step >= added * apart)
                session.Add(questions[added], new GenerationOptions { MaxNewTokens = 9 * ++added, IgnoreEndOfSequence = true });
            session.Step();
        }

        return [.. session.Results().SelectMany(r => r.TokenIds.Zip(r.LogProbabilities))];
    }

    private static VisionLanguageModel Open(IComputeBackend backend) => VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
}
