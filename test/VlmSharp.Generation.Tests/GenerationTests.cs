using System.Text;
using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Generation.Tests;

/// <summary>The loop around the model: streaming, batches, cancellation, limits, memory.</summary>
[Collection(nameof(TelemetryTests))] // the listeners of those tests make sessions allocate
public sealed class GenerationTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public GenerationTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Fact]
    public async Task Streamed_pieces_join_to_the_text()
    {
        var text = new StringBuilder();
        var tokens = new List<int>();
        await foreach (GeneratedToken part in model.StreamAsync(Request("car-key.png", "detect key")))
        {
            text.Append(part.Text);
            tokens.Add(part.Id);
        }

        GenerationResult whole = model.Generate([Request("car-key.png", "detect key")])[0];
        Assert.Equal(whole.Text, text.ToString());
        Assert.Equal(whole.TokenIds, tokens);
        Assert.Equal(FinishReason.Stop, whole.Finish);
    }

    [Fact]
    public async Task Cancellation_takes_effect_between_steps()
    {
        using var source = new CancellationTokenSource();
        int seen = 0;
        var options = new GenerationOptions { MaxNewTokens = 200, IgnoreEndOfSequence = true };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in model.StreamAsync(Request("cake.png", "caption en"), options, source.Token))
                if (++seen == 3) await source.CancelAsync();
        });
        Assert.Equal(3, seen);
        await source.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => model.Generate([Request("cake.png", "caption en")], options, source.Token));
    }

    /// <summary>More prompts than one prefill step holds, of different lengths, whose answers end at different times.</summary>
    [Fact]
    public void A_large_batch_gives_the_answers_of_its_members_in_order()
    {
        (string, string)[] asked =
        [
            ("cake.png", "caption en"), ("car-key.png", "what is below the car?"), ("car-key.png", "detect key"), ("sun.png", "caption en")
        ];
        GenerationRequest[] requests = [.. Enumerable.Range(0, 30).Select(i => Request(asked[i % 4].Item1, asked[i % 4].Item2))];
        Assert.True(requests.Length * 70 > GenerationSession.MaxStepRows);
        IReadOnlyList<GenerationResult> together = model.Generate(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult alone = model.Generate([requests[i]])[0];
            Assert.Equal(alone.TokenIds, together[i].TokenIds);
            Assert.Equal(alone.PromptTokens, together[i].PromptTokens);
        }
    }

    /// <summary>
    /// The kernels for few rows and for many rows round activations in the same way, so an answer does not depend on the batch even with
    /// 4-bit weights.
    /// </summary>
    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void A_large_batch_of_a_quantized_model_gives_the_answers_of_its_members(DType format)
    {
        using var backend = new CpuBackend();
        using VisionLanguageModel quantized =
            VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, new ModelOptions { Quantization = format });
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        GenerationRequest[] requests = [.. cases.RootElement.EnumerateArray().Take(60).Select(c => new GenerationRequest
        {
            Images = [ImageFile.Load(GoldenFiles.PathOf("demo-cases", c.GetProperty("image").GetString()!))],
            Prompt = c.GetProperty("prompt").GetString()!,
        })];
        foreach (GenerationRequest[] group in requests.Chunk(30))
        {
            IReadOnlyList<GenerationResult> together = quantized.Generate(group);
            for (int i = 0; i < group.Length; i++)
            {
                GenerationResult alone = quantized.Generate([group[i]])[0];
                Assert.Equal(alone.TokenIds, together[i].TokenIds);
                TensorAssert.Close([.. alone.LogProbabilities], [.. together[i].LogProbabilities], 1e-3, $"{format} {group[i].Prompt}");
            }
        }
    }

    /// <summary>
    /// An answer does not depend on the batch, to the last bit, for as many requests as decode together without packing.
    /// </summary>
    [Fact]
    public void A_small_batch_gives_the_same_numbers_as_its_members_alone()
    {
        (string, string)[] asked =
        [
            ("cake.png", "caption en"), ("car-key.png", "what is below the car?"), ("car-key.png", "detect key"), ("sun.png", "caption en")
        ];
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => Request(asked[i % 4].Item1, asked[i % 4].Item2))];
        foreach (int count in new[] { 2, 5, 12 })
        {
            IReadOnlyList<GenerationResult> together = model.Generate(requests[..count]);
            for (int i = 0; i < count; i++) Assert.Equal(model.Generate([requests[i]])[0].LogProbabilities, together[i].LogProbabilities);
        }
    }

    [Fact]
    public void Sessions_on_several_threads_take_turns()
    {
        string?[] answers = new string?[8];
        Parallel.For(
            0, answers.Length, i => answers[i] = model.Generate([Request(i % 2 == 0 ? "cake.png" : "sun.png", "caption en")])[0].Text);
        for (int i = 0; i < answers.Length; i++) Assert.Equal(i % 2 == 0 ? "a cake" : "two suns", answers[i]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    public void A_decode_step_allocates_nothing(DType? format)
    {
        using VisionLanguageModel model =
            VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, new ModelOptions { Quantization = format });
        GenerationRequest[] requests = [Request("cake.png", "caption en"), Request("sun.png", "detect sun")];
        var options = new GenerationOptions { MaxNewTokens = 60, IgnoreEndOfSequence = true };
        model.Generate(requests, options); // the text of a token is made at its first use and kept
        using GenerationSession session = model.Start(requests, options);
        for (int i = 0; i < 20; i++) session.Step(); // runs the prefill and warms up the compiler and the pools
        var allocations = new TeamAllocations(backend.Team);
        allocations.Start();
        for (int i = 0; i < 30; i++) session.Step();
        allocations.AssertNone();
    }

    /// <summary>The weights are unmapped by then, so a step would crash the process.</summary>
    [Fact]
    public void A_session_that_outlives_its_model_makes_no_step()
    {
        VisionLanguageModel other = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        using GenerationSession session = other.Start([Request("cake.png", "caption en")]);
        session.Step();
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { session.Step(); });
        Assert.Throws<ObjectDisposedException>(() => other.Generate([Request("cake.png", "caption en")]));
        other.Dispose();
    }

    [Fact]
    public void Memory_stays_flat_from_request_to_request()
    {
        model.Generate([Request("cake.png", "caption en")]);
        long bytes = backend.AllocatedBytes;
        for (int i = 0; i < 20; i++) model.Generate([Request("cake.png", "caption en")]);
        Assert.Equal(bytes, backend.AllocatedBytes);
    }

    [Fact]
    public void Generation_ends_at_the_context_limit()
    {
        GenerationResult result = model.Generate(
            [Request("cake.png", "caption en")], new GenerationOptions { MaxNewTokens = 100_000, IgnoreEndOfSequence = true })[0];
        Assert.Equal(model.Config.Text.MaxPositions, result.PromptTokens + result.TokenIds.Count);
        Assert.Equal(FinishReason.Length, result.Finish);
    }

    [Fact]
    public void Requests_that_do_not_fit_are_refused_with_a_reason()
    {
        RgbImage image = Sample("cake.png");
        Assert.Contains(
            "at least one",
            Assert.Throws<RequestException>(() => model.Generate([new GenerationRequest { Images = [], Prompt = "caption en" }])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "placeholders",
            Assert.Throws<RequestException>(
                () => model.Generate([new GenerationRequest { Images = [image], PromptIds = [model.Config.ImageTokenId, 2] }])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "-1",
            Assert.Throws<RequestException>(() => model.Generate([new GenerationRequest { Images = [image], PromptIds = [-1] }])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// If a user types "&lt;image&gt;" or "&lt;eos&gt;", it is text: it neither adds a placeholder nor ends the prompt.
    /// </summary>
    [Fact]
    public void Control_tokens_in_a_users_text_stay_text()
    {
        GenerationResult result = model.Generate([Request("cake.png", "caption <image><eos> en")])[0];
        Assert.True(result.PromptTokens > 64 + 6);
    }

    /// <summary>In place its weights become others under the running model; a file that is renamed into its place does no harm.</summary>
    [Fact]
    public async Task A_checkpoint_that_is_overwritten_is_noticed()
    {
        if (OperatingSystem.IsWindows()) return; // files in use cannot be written there
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(GoldenFiles.DemoModel)) File.Copy(file, folder.At(Path.GetFileName(file)));
        using VisionLanguageModel copy = VisionLanguageModel.Open(folder.Path, backend);
        string weights = folder.At("model.safetensors");
        string? text = copy.Generate(Request("cake.png", "caption en")).Text;
        File.Copy(weights, folder.At("new"));
        File.Move(folder.At("new"), weights, overwrite: true);
        Assert.Equal(text, copy.Generate(Request("cake.png", "caption en")).Text);

        using VisionLanguageModel second = VisionLanguageModel.Open(folder.Path, backend);
        Assert.Equal(text, second.Generate(Request("cake.png", "caption en")).Text);
        using GenerationSession session = second.Start([Request("cake.png", "caption en")]);
        Assert.Equal(1, session.Step().Length);
        await Tool.OverwriteEndAsync(weights);
        string message = Assert.Throws<ModelFormatException>(() => second.Generate(Request("cake.png", "caption en"))).Message;
        Assert.StartsWith($"{weights} was written to while the model was in use", message, StringComparison.Ordinal);
        Assert.Equal(message, Assert.Throws<ModelFormatException>(() => ToTheEnd(session)).Message); // it had begun before
        await Assert.ThrowsAsync<ModelFormatException>(() => second.GenerateAsync(Request("cake.png", "caption en")));
        Assert.Equal(text, copy.Generate(Request("cake.png", "caption en")).Text); // has the old file
    }

    private static void ToTheEnd(GenerationSession session)
    {
        while (!session.IsFinished) session.Step();
    }

    private static RgbImage Sample(string name) => ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", name));

    private static GenerationRequest Request(string picture, string prompt) => new() { Images = [Sample(picture)], Prompt = prompt };
}
