using System.Text;
using VlmSharp.Compute.Sampling;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Generation.Processors;
using VlmSharp.Imaging;

namespace VlmSharp.Generation.Tests;

/// <summary>The effect of the sampling options on whole answers.</summary>
public sealed class SamplingTests : IDisposable
{
    private static readonly GenerationOptions Free =
        new() { Temperature = 1.5f, TopK = 0, TopP = 0.98f, Seed = 5, MaxNewTokens = 8, IgnoreEndOfSequence = true };
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public SamplingTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    /// <summary>
    /// Alone, in a batch, in a batch so large that other kernels run, in another order, and with other numbers of threads.
    /// </summary>
    [Fact]
    public void A_seed_gives_the_same_text_whatever_the_batch_its_order_and_the_threads()
    {
        (string, string)[] asked = [("cake.png", "caption en"), ("car-key.png", "what is below the car?"), ("sun.png", "detect sun")];
        GenerationRequest[] requests =
            [.. Enumerable.Range(0, 14).Select(i => Request(asked[i % 3].Item1, asked[i % 3].Item2) with { Seed = i })];
        int[][] alone = [.. requests.Select(r => Tokens(model.Generate([r], Free)[0]))];
        // different seeds give different texts
        Assert.InRange(alone.Select(ids => string.Join(',', ids)).Distinct().Count(), 7, alone.Length);
        IReadOnlyList<GenerationResult> together = model.Generate(requests, Free), reversed = model.Generate([.. requests.Reverse()], Free);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(alone[i], together[i].TokenIds);
            Assert.Equal(alone[i], reversed[^(i + 1)].TokenIds);
            Assert.Equal(i, together[i].Seed);
        }

        foreach (int threads in new[] { 1, 3 })
        {
            using var other = new CpuBackend(new CpuBackendOptions { Threads = threads });
            using VisionLanguageModel same = VisionLanguageModel.Open(GoldenFiles.DemoModel, other);
            IReadOnlyList<GenerationResult> results = same.Generate([.. requests.Take(3)], Free);
            for (int i = 0; i < results.Count; i++) Assert.Equal(alone[i], results[i].TokenIds);
        }
    }

    [Fact]
    public void A_drawn_seed_is_reported_and_repeats_the_text()
    {
        GenerationResult[] results =
            [.. model.Generate([Request("cake.png", "caption en"), Request("cake.png", "caption en")], Free with { Seed = null })];
        Assert.NotEqual(results[0].Seed, results[1].Seed);
        foreach (GenerationResult result in results)
            Assert.Equal(
                result.TokenIds, model.Generate([Request("cake.png", "caption en")], Free with { Seed = result.Seed })[0].TokenIds);
        Assert.Null(model.Generate([Request("cake.png", "caption en")], new GenerationOptions { Seed = 3 })[0].Seed); // nothing was drawn
    }

    /// <summary>
    /// At a temperature so high that all tokens are equally likely, a draw reveals its random number. There is one for each step, whatever
    /// the prompt.
    /// </summary>
    [Fact]
    public void The_random_number_is_a_function_of_seed_and_step()
    {
        var options = new GenerationOptions { Temperature = 1e9f, TopK = 0, Seed = 11, MaxNewTokens = 16, IgnoreEndOfSequence = true };
        IReadOnlyList<GenerationResult> results =
            model.Generate([Request("cake.png", "caption en"), Request("sun.png", "what is below the car?")], options);
        Assert.Equal(results[0].TokenIds, results[1].TokenIds);
        for (int step = 0; step < 16; step++)
            Assert.Equal((int)(CounterRandom.Uniform(11, step) * model.Config.Text.VocabSize), results[0].TokenIds[step]);
    }

    [Fact]
    public void Sampling_from_one_token_is_greedy()
    {
        GenerationRequest request = Request("car-key.png", "detect key");
        Assert.Equal(model.Generate([request])[0].TokenIds, model.Generate([request], new GenerationOptions { TopK = 1 })[0].TokenIds);
        Assert.Equal(model.Generate([request])[0].TokenIds, model.Generate([request], new GenerationOptions { TopP = 0 })[0].TokenIds);
    }

    [Fact]
    public void The_result_has_the_likeliest_candidates_of_each_step()
    {
        GenerationResult plain = model.Generate([Request("cake.png", "detect cake")])[0];
        Assert.Null(plain.TopLogProbabilities);
        GenerationResult result =
            model.Generate([Request("cake.png", "detect cake")], new GenerationOptions { TopLogProbabilities = 5 })[0];
        Assert.Equal(plain.TokenIds, result.TokenIds);
        Assert.Equal(result.TokenIds.Count, result.TopLogProbabilities!.Count);
        for (int i = 0; i < result.TokenIds.Count; i++)
        {
            IReadOnlyList<TokenCandidate> top = result.TopLogProbabilities[i];
            Assert.Equal(5, top.Count);
            Assert.Equal(new TokenCandidate(result.TokenIds[i], result.LogProbabilities[i]), top[0]); // greedy takes the first
            Assert.Equal(top.OrderByDescending(t => t.LogProbability), top);
            Assert.InRange(top.Sum(t => Math.Exp(t.LogProbability)), 0, 1 + 1e-5);
        }

        GenerationResult all =
            model.Generate([Request("cake.png", "caption en")], new GenerationOptions { TopLogProbabilities = 1000, MaxNewTokens = 1 })[0];
        Assert.Equal(1, all.TopLogProbabilities![0].Sum(t => Math.Exp(t.LogProbability)), 1e-3);
    }

    [Fact]
    public void Log_probabilities_are_the_models_own_whatever_the_processors_do()
    {
        var options = new GenerationOptions { MaxNewTokens = 3, TopLogProbabilities = 1000 };
        GenerationResult plain = model.Generate([Request("cake.png", "caption en")], options)[0];
        GenerationResult hot = model.Generate(
            [Request("cake.png", "caption en")], options with { Temperature = 30, TopK = 0, RepetitionPenalty = 1.7f, Seed = 1 })[0];
        Assert.NotEqual(plain.TokenIds[0], hot.TokenIds[0]);
        Assert.Equal(plain.TopLogProbabilities![0], hot.TopLogProbabilities![0]);
        Assert.True(hot.LogProbabilities[0] < plain.LogProbabilities[0]);
    }

    [Fact]
    public void The_end_is_suppressed_until_the_minimum_length()
    {
        GenerationResult result = model.Generate([Request("cake.png", "caption en")], new GenerationOptions { MinNewTokens = 6 })[0];
        Assert.True(result.TokenIds.Count > 6);
        Assert.DoesNotContain(1, result.TokenIds.Take(6));
    }

    [Fact]
    public void No_run_of_tokens_is_repeated()
    {
        var options = new GenerationOptions { MaxNewTokens = 40, IgnoreEndOfSequence = true };
        GenerationRequest request = Request("sun.png", "caption en");
        Assert.True(Repeats(model.Generate([request], options)[0].TokenIds));
        Assert.False(Repeats(model.Generate([request], options with { NoRepeatNgramSize = 2 })[0].TokenIds));

        static bool Repeats(IReadOnlyList<int> ids) => ids.Zip(ids.Skip(1)).GroupBy(pair => pair).Any(g => g.Count() > 1);
    }

    [Fact]
    public async Task A_stop_string_over_tokens_ends_the_answer_before_it()
    {
        GenerationRequest request = Request("car-key.png", "detect key");
        GenerationResult whole = model.Generate([request])[0];
        string stop = whole.Text![5..15]; // ends inside of the first token and begins in the second
        var options = new GenerationOptions { StopStrings = ["absent", stop] };
        GenerationResult result = model.Generate([request], options)[0];
        Assert.Equal(whole.Text[..5], result.Text);
        Assert.Equal(FinishReason.Stop, result.Finish);
        Assert.Equal(whole.TokenIds.Take(2), result.TokenIds);
        Assert.Equal(result.Text, await StreamAsync(request, options));
    }

    /// <summary>The best beam may not contain the stop string; if it does, the text is cut there.</summary>
    [Fact]
    public async Task A_stop_string_ends_a_beam()
    {
        GenerationRequest request = Request("car-key.png", "what is below the car?");
        var options = new GenerationOptions { StopStrings = [" k"], Beams = 2 };
        Assert.Equal("a key", model.Generate([request], options with { StopStrings = [] })[0].Text);
        GenerationResult result = model.Generate([request], options)[0];
        Assert.Equal(("a", FinishReason.Stop), (result.Text, result.Finish));
        Assert.Equal(result.Text, await StreamAsync(request, options));
    }

    private async Task<string> StreamAsync(GenerationRequest request, GenerationOptions options)
    {
        var shown = new StringBuilder();
        await foreach (GeneratedToken part in model.StreamAsync(request, options)) shown.Append(part.Text);
        return shown.ToString();
    }

    [Fact]
    public void A_stop_id_ends_the_answer_and_is_kept()
    {
        GenerationRequest request = Request("cake.png", "caption en");
        IReadOnlyList<int> whole = model.Generate([request])[0].TokenIds;
        GenerationResult result = model.Generate([request], new GenerationOptions { StopIds = [whole[0]], IgnoreEndOfSequence = true })[0];
        Assert.Equal([whole[0]], result.TokenIds);
        Assert.Equal(FinishReason.Stop, result.Finish);
    }

    [Fact]
    public void Options_that_do_not_fit_the_model_are_refused()
    {
        GenerationRequest[] request = [Request("cake.png", "caption en")];
        Assert.Equal(
            "stop_ids",
            Assert.Throws<RequestException>(() => model.Generate(request, new GenerationOptions { StopIds = [1 << 20] })).Parameter);
        Assert.Equal("top_p", Assert.Throws<RequestException>(() => model.Generate(request, new GenerationOptions { TopP = 3 })).Parameter);
    }

    private static int[] Tokens(GenerationResult result) => [.. result.TokenIds];

    private static GenerationRequest Request(string image, string prompt) =>
        new() { Images = [ImageFile.Load(Path.Combine(GoldenFiles.DemoModel, "..", "samples", image))], Prompt = prompt };
}
