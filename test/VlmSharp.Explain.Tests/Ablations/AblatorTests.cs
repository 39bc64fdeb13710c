using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Explain.Ablations;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Explain.Tests.Ablations;

/// <summary>Which switches are run, and what is said of the answers.</summary>
public sealed class AblatorTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public AblatorTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Fact]
    public void The_whole_model_answers_as_greedy_generation_does()
    {
        using JsonDocument answers = JsonDocument.Parse(File.ReadAllBytes(Sample("answers.json")));
        foreach (JsonElement answer in answers.RootElement.EnumerateArray())
        {
            GenerationRequest request = Request(answer.GetProperty("image").GetString()!, answer.GetProperty("prompt").GetString()!);
            GenerationResult greedy = model.Generate([request])[0];
            AblationReport report = Ablator.Run(model, request, new AblationOptions { Only = ["causal"] });
            Assert.Equal(greedy.TokenIds, report.Whole.TokenIds);
            Assert.Equal((greedy.Text, greedy.Finish), (report.Whole.Text, report.Whole.Finish));
            foreach ((float e, double a) in greedy.LogProbabilities.Zip(report.Whole.LogProbabilities)) Assert.Equal(e, a, 1e-4);
            Assert.Equal(0, report.Whole.Divergence);
            AblationResult causal = Assert.Single(report.Results);
            Assert.True(causal.Answer.Divergence > 0);
            Assert.Equal(causal.Answer.TokenIds.SequenceEqual(greedy.TokenIds), causal.IsSame);
        }
    }

    /// <summary>The demo model needs its picture: without it, or with another, it does not say what is there.</summary>
    [Fact]
    public void Without_the_picture_the_answer_is_another_one()
    {
        var options = new AblationOptions { OtherImage = Image("cake.png") };
        AblationReport report = Ablator.Run(model, Request("car-key.png", "answer en what is below the car?"), options);
        Assert.Equal("a key", report.Whole.Text);
        Assert.NotEqual("a key", Find(report, "no-picture").Answer.Text);
        Assert.Equal("a cake", Find(report, "other-picture").Answer.Text);
        Assert.False(Find(report, "other-picture").IsSame);
        Assert.Equal(report.OtherSeen!.Pixels, model.Preprocessor.Resize(options.OtherImage).Pixels);
    }

    [Fact]
    public void Switches_are_chosen_by_name_and_by_kind()
    {
        string[] usual = ["causal", "no-picture", "no-positions", "open-gate", "no-embedding-scale"];
        Assert.Equal(usual, Names(new AblationOptions()));
        Assert.Equal([.. usual[..2], "other-picture", .. usual[2..]], Names(new AblationOptions { OtherImage = Image("cake.png") }));
        Assert.Equal([.. usual, "layer.0", "layer.1", "layer.2"], Names(new AblationOptions { Layers = true }));
        string[] heads = ["head.1.0", "head.1.1", "head.1.2", "head.1.3"];
        Assert.Equal(["causal", .. heads], Names(new AblationOptions { Only = ["head.1", "causal"] }));
        Assert.Equal(["open-gate", "layer.0", "layer.1", "layer.2"], Names(new AblationOptions { Only = ["open-gate"], Layers = true }));
        Assert.Equal(12, Names(new AblationOptions { Only = ["head"] }).Length);
    }

    [Theory, InlineData("attention-softcap"), InlineData("layer.3"), InlineData("head.0.4"), InlineData("lay"), InlineData("")]
    [InlineData("other-picture")]
    public void A_switch_that_the_model_has_not_is_refused(string name)
    {
        var error = Assert.Throws<RequestException>(() => Names(new AblationOptions { Only = ["causal", name] }));
        Assert.Equal("only", error.Parameter);
        Assert.StartsWith("only ", error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Soft-caps are turned from what they are in the whole model, to the other side.</summary>
    [Theory, InlineData(true, false), InlineData(false, true), InlineData(true, true)]
    public void A_soft_cap_is_turned_to_the_other_side(bool attention, bool final)
    {
        using var capped = new CappedModel("pg2");
        GenerationRequest request = GoldenCase.Load("pg2").Single(c => c.Name == "question").Request();
        var given = new ModelOptions { AttentionSoftCap = attention, FinalSoftCap = final };
        var turned = new (string Name, ModelOptions Options)[]
        {
            ("attention-softcap", given with { AttentionSoftCap = !attention }),
            ("final-softcap", given with { FinalSoftCap = !final }),
        };
        using VisionLanguageModel whole = VisionLanguageModel.Open(capped.Folder, backend, given);
        AblationReport report = Ablator.Run(whole, request, new AblationOptions { MaxNewTokens = 4 });
        foreach ((string name, ModelOptions options) in turned)
        {
            using VisionLanguageModel other = VisionLanguageModel.Open(capped.Folder, backend, options);
            double[] expected = LogProbabilities(other, request, [.. report.Whole.TokenIds]);
            for (int t = 0; t < expected.Length; t++) Assert.Equal(expected[t], Find(report, name).Answer.LogProbabilities[t], 1e-5);
            Assert.True(Find(report, name).Answer.Divergence > 1e-6);
        }
    }

    [Fact]
    public void Progress_is_told_and_cancellation_heeded()
    {
        var told = new Told();
        Ablator.Run(model, Request("cake.png", "caption en"), new AblationOptions(), told);
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 1], told.Shares);
        using var stop = new CancellationTokenSource();
        var stopping = new Told { Then = stop.Cancel };
        Assert.Throws<OperationCanceledException>(() =>
            Ablator.Run(model, Request("cake.png", "caption en"), new AblationOptions(), stopping, stop.Token));
        Assert.Equal([0.2], stopping.Shares);
    }

    [Fact]
    public void Limits_are_kept()
    {
        GenerationRequest request = Request("cake.png", "caption en");
        Assert.Single(Ablator.Run(model, request, new AblationOptions { MaxNewTokens = 1 }).Whole.TokenIds);
        Assert.Throws<ArgumentOutOfRangeException>(() => Ablator.Run(model, request, new AblationOptions { MaxNewTokens = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ablator.Run(model, request, new AblationOptions { MaxNewTokens = 65 }));
        Assert.Throws<RequestException>(() => Ablator.Run(model, request with { Images = [request.Images[0], request.Images[0]] }));
        Assert.Throws<RequestException>(() => Ablator.Run(model, request with { Images = [] }));
    }

    /// <summary>The weights are unmapped then: a step would end the process.</summary>
    [Fact]
    public void A_model_that_is_disposed_of_answers_nothing()
    {
        VisionLanguageModel other = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        var told = new Told { Then = other.Dispose };
        Assert.Throws<ObjectDisposedException>(() => Ablator.Run(other, Request("cake.png", "caption en"), progress: told));
        Assert.Single(told.Shares);
    }

    /// <summary>p = (1/2, 1/4, 1/4) and q = (1/4, 1/4, 1/2): KL = 1/2 ln 2 - 1/4 ln 2.</summary>
    [Fact]
    public void Divergences_are_those_of_the_definition()
    {
        var p = new LogitRows([MathF.Log(2), 0, 0, 5, 5, 5, float.NegativeInfinity, 1, 1], 3);
        var q = new LogitRows([7, 7, 7 + MathF.Log(2), 5, 5, 5, 1, 1, 1], 3);
        Assert.Equal(3, p.Count);
        Assert.Equal(0.25 * Math.Log(2), p.Divergence(q, 0), 1e-6);
        Assert.Equal(0, p.Divergence(q, 1));
        Assert.Equal(Math.Log(1.5), p.Divergence(q, 2), 1e-6);
        Assert.Equal(double.PositiveInfinity, q.Divergence(p, 2)); // p excludes what q allows
        Assert.Equal(Math.Log(0.5), p.LogProbability(0, 0), 1e-6);
        Assert.Equal((0, 0, 1), (p.Likeliest(0), p.Likeliest(1), p.Likeliest(2)));
        Assert.Equal(1, new LogitRows([float.NaN, 2, 1], 3).Likeliest(0));
    }

    private string[] Names(AblationOptions options) =>
        [.. new SwitchList(model.Config, model.Network.Options).Choose(options).Select(s => s.Name)];

    private static AblationResult Find(AblationReport report, string name) => report.Results.Single(r => r.Switch.Name == name);

    private static double[] LogProbabilities(VisionLanguageModel model, GenerationRequest request, int[] answer)
    {
        LogitRows rows = AblationRun.Score(model.Context, model.Prepare(request), answer);
        return [.. answer.Select((id, t) => rows.LogProbability(t, id))];
    }

    private static string Sample(string name) => Path.Combine(GoldenFiles.Root, "demo", "samples", name);

    private static RgbImage Image(string name) => ImageFile.Load(Sample(name));

    private static GenerationRequest Request(string image, string prompt) => new() { Images = [Image(image)], Prompt = prompt };

    private sealed class Told : IProgress<double>
    {
        public List<double> Shares { get; } = [];

        public Action? Then { get; init; }

        public void Report(double value)
        {
            Shares.Add(value);
            Then?.Invoke();
        }
    }
}
