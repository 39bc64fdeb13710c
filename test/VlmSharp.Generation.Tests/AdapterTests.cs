using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation.Tests.Backends;

namespace VlmSharp.Generation.Tests;

/// <summary>Several adapters on one model: which adapter answers which request, together and alone.</summary>
public sealed class AdapterTests : IDisposable
{
    private static readonly string[] Names = ["lora", "rslora", "base"];

    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public AdapterTests() => model = Open(backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    private static VisionLanguageModel Open(Compute.IComputeBackend on)
    {
        VisionLanguageModel opened = VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg1"), on);
        opened.LoadAdapter("lora", Folder("lora"));
        opened.LoadAdapter("rslora", Folder("rslora"));
        return opened;
    }

    private static string Folder(string adapter) => GoldenFiles.PathOf("training", $"pg1-{adapter}");

    private static GenerationRequest Request(int number, string? adapter) =>
        GoldenCase.Load("pg1")[number % 3].Request() with { Adapter = adapter };

    private static GenerationOptions Tokens(int count) => new() { MaxNewTokens = count, IgnoreEndOfSequence = true };

    [Fact]
    public async Task Every_caller_of_the_engine_gets_the_answer_that_it_gets_alone()
    {
        string Of(int i) => Names[i % Names.Length];
        GenerationResult[] alone = [.. Enumerable.Range(0, 9).Select(i => model.Generate(Request(i / 3, Of(i)), Tokens(8 + i)))];
        Task<GenerationResult>[] asked = [.. Enumerable.Range(0, 9).Select(i => model.GenerateAsync(Request(i / 3, Of(i)), Tokens(8 + i)))];
        GenerationResult[] together = await Task.WhenAll(asked);
        for (int i = 0; i < together.Length; i++) Assert.Equal(alone[i].TokenIds, together[i].TokenIds);
        // otherwise the test would show nothing
        Assert.Equal(9, together.Select(r => string.Join(' ', r.TokenIds.Take(6))).Distinct().Count());
    }

    [Fact]
    public void A_later_request_with_another_adapter_changes_nothing_for_earlier_ones()
    {
        GenerationResult[] alone = [.. Names.Select(name => model.Generate(Request(1, name), Tokens(12)))];
        using GenerationSession session = model.Start([], Tokens(12));
        foreach (string name in Names)
        {
            session.Add(Request(1, name));
            for (int i = 0; i < 3; i++) session.Step();
        }

        while (!session.IsFinished) session.Step();
        Assert.Equal(alone.Select(r => r.TokenIds), session.Results().Select(r => r.TokenIds));
    }

    [Fact]
    public void A_beam_search_keeps_its_adapter()
    {
        GenerationOptions options = Tokens(6) with { Beams = 3 };
        GenerationRequest[] requests = [.. Names.Select(name => Request(0, name))];
        IReadOnlyList<GenerationResult> together = model.Generate(requests, options);
        for (int i = 0; i < requests.Length; i++) Assert.Equal(model.Generate(requests[i], options).TokenIds, together[i].TokenIds);
        Assert.NotEqual(together[0].TokenIds, together[2].TokenIds);
    }

    [Fact]
    public void Image_tokens_belong_to_the_adapters_that_change_them()
    {
        // The first adapter changes the vision tower, the second only the decoder.
        model.Generate(Request(0, "base"), Tokens(2));
        Assert.Equal((0, 1), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        model.Generate(Request(0, "rslora"), Tokens(2));
        Assert.Equal((1, 1), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        GenerationResult cold = model.Generate(Request(0, "lora"), Tokens(2));
        Assert.Equal((1, 2), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        GenerationResult warm = model.Generate(Request(0, "lora"), Tokens(2));
        Assert.Equal((2, 2), (model.ImageFeatures.Hits, model.ImageFeatures.Misses));
        Assert.Equal(cold.LogProbabilities, warm.LogProbabilities);
    }

    [Fact]
    public void Recorded_steps_are_replayed_only_for_their_own_adapters()
    {
        GenerationRequest[] requests = [.. Names.Select(name => Request(0, name))];
        IReadOnlyList<GenerationResult> expected = model.Generate(requests, Tokens(16));
        GenerationResult[] alone = [.. requests.Select(r => model.Generate(r, Tokens(16)))];
        using var replaying = new ReplayingBackend(backend);
        using VisionLanguageModel replayed = Open(replaying);
        Assert.Equal(expected.Select(r => r.TokenIds), replayed.Generate(requests, Tokens(16)).Select(r => r.TokenIds));
        Assert.InRange(replaying.Replayed, 10, 16);
        // One session with one row per step: the first request decodes with one adapter, the next ones with others.
        using GenerationSession session = replayed.Start([], Tokens(16));
        foreach (GenerationRequest request in requests)
        {
            session.Add(request);
            while (!session.IsFinished) session.Step();
        }

        Assert.Equal(alone.Select(r => r.TokenIds), session.Results().Select(r => r.TokenIds));
    }

    [Fact]
    public void The_default_adapter_answers_requests_that_name_none()
    {
        GenerationResult plain = model.Generate(Request(0, null), Tokens(8)), lora = model.Generate(Request(0, "lora"), Tokens(8));
        Assert.Equal(GoldenCase.Load("pg1")[0].Tokens[..8], plain.TokenIds);
        Assert.Null(model.DefaultAdapter);
        model.DefaultAdapter = "lora";
        Assert.Equal(lora.TokenIds, model.Generate(Request(0, null), Tokens(8)).TokenIds);
        Assert.Equal(plain.TokenIds, model.Generate(Request(0, VisionLanguageModel.BaseName), Tokens(8)).TokenIds);
        model.DefaultAdapter = null;
        Assert.Equal(plain.TokenIds, model.Generate(Request(0, null), Tokens(8)).TokenIds);
    }

    /// <summary>The answers of later runs would be of other weights.</summary>
    [Fact]
    public async Task An_adapter_that_is_overwritten_is_noticed()
    {
        if (OperatingSystem.IsWindows()) return; // files in use cannot be written there
        using var folder = new TemporaryFolder();
        (GenerationSession session, string weights) = Begin(folder);
        using GenerationSession begun = session;
        await Tool.OverwriteEndAsync(weights);
        string message = Assert.Throws<ModelFormatException>(() => model.Generate(Request(0, "copy"), Tokens(4))).Message;
        Assert.StartsWith($"{weights} was written to while the model was in use", message, StringComparison.Ordinal);
        Assert.Throws<ModelFormatException>(() =>
        {
            while (!session.IsFinished) session.Step(); // it had begun before
        });
    }

    /// <summary>Reading behind the end of a mapped file would end the process.</summary>
    [Fact]
    public async Task An_adapter_that_is_cut_while_it_answers_is_noticed()
    {
        if (OperatingSystem.IsWindows()) return; // files in use cannot be written there
        using var folder = new TemporaryFolder();
        (GenerationSession session, string weights) = Begin(folder);
        using GenerationSession begun = session;
        Assert.Equal(0, (await Tool.RunAsync("truncate", ["-s", "0", weights])).Code);
        Assert.Throws<ModelFormatException>(() =>
        {
            while (!session.IsFinished) session.Step();
        });
    }

    // A session of several steps that has done one with a copy of an adapter, and the copy's file.
    private (GenerationSession Session, string Weights) Begin(TemporaryFolder folder)
    {
        folder.CopyFrom(Folder("lora"));
        model.LoadAdapter("copy", folder.Path);
        GenerationSession session = model.Start([Request(0, "copy")], Tokens(4));
        Assert.Equal(1, session.Step().Length);
        return (session, folder.At("adapter_model.safetensors"));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_a_list_of_the_known_ones()
    {
        foreach (Action ask in (Action[])[
            () => model.Generate(Request(0, "x")), () => model.Check(Request(0, "x")), () => model.DefaultAdapter = "x"
        ])
            Assert.Contains(
                "'x'; loaded are lora, rslora, and base", Assert.Throws<RequestException>(ask).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.LoadAdapter("lora", Folder("rslora")));
        Assert.Throws<ArgumentException>(() => model.LoadAdapter("base", Folder("rslora")));
        Assert.Throws<ModelFormatException>(() => model.LoadAdapter("other", GoldenFiles.PathOf("training", "pg2-lora")));
        Assert.Equal(["lora", "rslora"], model.Adapters.Select(a => a.Name));
    }
}
