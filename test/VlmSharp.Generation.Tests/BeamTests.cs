using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Generation.Tests;

/// <summary>
/// Beam search inside the loop: batches, streaming, cancellation, memory. Other tests compare its results with the reference.
/// </summary>
public sealed class BeamTests : IDisposable
{
    private static readonly GenerationOptions Four = new() { Beams = 4 };
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public BeamTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    /// <summary>Prompts of several lengths in more than one prefill step, whose searches end at different times.</summary>
    [Fact]
    public void A_batch_gives_the_answers_of_its_members()
    {
        (string, string)[] asked =
        [
            ("cake.png", "caption en"), ("car-key.png", "what is below the car?"), ("car-key.png", "detect key"), ("sun.png", "caption en")
        ];
        GenerationRequest[] requests = [.. Enumerable.Range(0, 18).Select(i => Request(asked[i % 4].Item1, asked[i % 4].Item2))];
        IReadOnlyList<GenerationResult> together = model.Generate(requests, Four);
        Assert.True(together.Select(r => r.TokenIds.Count).Distinct().Count() > 1);
        for (int i = 0; i < asked.Length; i++)
        {
            GenerationResult alone = model.Generate([requests[i]], Four)[0];
            for (int same = i; same < requests.Length; same += asked.Length)
            {
                Assert.Equal(alone.TokenIds, together[same].TokenIds);
                Assert.Equal(alone.Score!.Value, together[same].Score!.Value, 1e-4);
            }
        }
    }

    [Fact]
    public void The_score_is_the_mean_log_probability_and_no_worse_than_greedy()
    {
        foreach (string image in new[] { "cake.png", "sun.png", "cactus.png" })
        {
            GenerationResult result = model.Generate([Request(image, "caption en")], Four)[0],
                greedy = model.Generate([Request(image, "caption en")])[0];
            Assert.Equal(result.LogProbabilities.Average(), result.Score!.Value, 1e-5);
            // this does not hold for every model, but it does for a good one
            Assert.True(result.Score.Value >= greedy.LogProbabilities.Average() - 1e-5);
            Assert.Equal(FinishReason.Stop, result.Finish);
            Assert.Null(greedy.Score);
        }
    }

    [Fact]
    public async Task The_whole_text_is_streamed_at_the_end()
    {
        var text = new StringBuilder();
        var tokens = new List<GeneratedToken>();
        await foreach (GeneratedToken part in model.StreamAsync(Request("car-key.png", "detect key"), Four))
        {
            text.Append(part.Text);
            tokens.Add(part);
        }

        GenerationResult whole = model.Generate([Request("car-key.png", "detect key")], Four)[0];
        Assert.Equal(whole.Text, text.ToString());
        Assert.Equal(whole.TokenIds, tokens.Select(t => t.Id));
        Assert.Equal(whole.LogProbabilities, tokens.Select(t => t.LogProbability));
        Assert.All(tokens.SkipLast(1), t => Assert.Equal(FinishReason.None, t.Finish));
        Assert.Equal(FinishReason.Stop, tokens[^1].Finish);
    }

    [Fact]
    public void The_result_has_the_candidates_of_each_step_of_the_best_beam()
    {
        GenerationResult result = model.Generate([Request("cake.png", "caption en")], Four with { TopLogProbabilities = 3 })[0];
        Assert.Equal(result.TokenIds.Count, result.TopLogProbabilities!.Count);
        for (int i = 0; i < result.TokenIds.Count; i++)
        {
            Assert.Equal(3, result.TopLogProbabilities[i].Count);
            foreach (TokenCandidate candidate in result.TopLogProbabilities[i])
                if (candidate.Id == result.TokenIds[i]) Assert.Equal(result.LogProbabilities[i], candidate.LogProbability);
        }
    }

    [Fact]
    public void Cancellation_takes_effect_between_steps_and_frees_the_caches()
    {
        using var source = new CancellationTokenSource();
        var options = Four with { MaxNewTokens = 300, IgnoreEndOfSequence = true };
        using (GenerationSession session = model.Start([Request("cake.png", "caption en")], options))
        {
            for (int i = 0; i < 3; i++) Assert.Equal(0, session.Step().Length);
            Assert.Equal(FinishReason.None, session.Results()[0].Finish);
            Assert.Empty(session.Results()[0].TokenIds); // no token is final yet
        }

        source.CancelAfter(50);
        Assert.Throws<OperationCanceledException>(Forever);
        Assert.Equal("a cake", model.Generate([Request("cake.png", "caption en")], Four)[0].Text);

        void Forever()
        {
            while (true) model.Generate([Request("cake.png", "caption en")], options, source.Token);
        }
    }

    [Fact]
    public void Memory_stays_flat_from_request_to_request()
    {
        model.Generate([Request("cake.png", "caption en")], Four);
        long bytes = backend.AllocatedBytes;
        for (int i = 0; i < 5; i++) model.Generate([Request("cake.png", "caption en")], Four);
        Assert.Equal(bytes, backend.AllocatedBytes);
    }

    [Fact]
    public void Texts_end_at_the_context_limit_or_after_one_token()
    {
        GenerationResult result = model.Generate([Request("cake.png", "caption en")], Four with { MaxNewTokens = 1 })[0];
        Assert.Equal((1, FinishReason.Length), (result.TokenIds.Count, result.Finish));
        int room = model.Config.Text.MaxPositions - result.PromptTokens;
        int[] prompt = [.. Enumerable.Repeat(5, model.Config.Text.MaxPositions - model.Config.Vision.Patches - 3)];
        Assert.True(room > 3);
        result = model.Generate(
            [Request("cake.png", "") with { PromptIds = prompt }], Four with { MaxNewTokens = 50, IgnoreEndOfSequence = true })[0];
        Assert.Equal((3, FinishReason.Length), (result.TokenIds.Count, result.Finish));
    }

    private static GenerationRequest Request(string image, string prompt) =>
        new() { Images = [ImageFile.Load(Path.Combine(GoldenFiles.DemoModel, "..", "samples", image))], Prompt = prompt };
}
