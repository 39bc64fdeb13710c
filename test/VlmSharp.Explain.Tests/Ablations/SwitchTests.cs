using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Explain.Ablations;
using VlmSharp.Generation;

namespace VlmSharp.Explain.Tests.Ablations;

/// <summary>Every switch against the same change written by hand.</summary>
public sealed class SwitchTests
{
    private const double LogitTolerance = 2e-4;
    private const int Most = 4;

    public static TheoryData<string> Models => ["pg1", "pg2"];

    /// <summary>First of all the hand model is the model: whole, it gives the reference's scores.</summary>
    [Theory, MemberData(nameof(Models))]
    public void The_model_by_hand_equals_the_reference(string kind)
    {
        using var hand = new HandModel(GoldenFiles.PathOf("models", kind));
        GoldenCase golden = Question(kind);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-question.safetensors"));
        int steps = (int)expected.Shape("step_logits")[0];
        float[] actual = hand.Scores(golden.Request(), golden.Tokens[..steps], new HandChange());
        TensorAssert.Close(expected.Floats("step_logits"), actual, LogitTolerance, kind);
    }

    [Theory, MemberData(nameof(Models))]
    public void Each_switch_equals_the_change_by_hand(string kind)
    {
        using var capped = new CappedModel(kind);
        using var hand = new HandModel(capped.Folder);
        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(capped.Folder, backend);
        GenerationRequest request = Question(kind).Request();
        var options = new AblationOptions { MaxNewTokens = Most, Layers = true, Heads = true, OtherImage = Other };
        AblationReport report = Ablator.Run(model, request, options);
        Assert.Equal(kind == "pg1" ? 6 : 8, report.Results.Count(r => r.Switch.Scope == AblationScope.Model));
        Assert.Equal(model.Config.Text.Layers, report.Results.Count(r => r.Switch.Scope == AblationScope.Layer));
        Assert.Equal(model.Config.Text.Layers * model.Config.Text.Heads, report.Results.Count(r => r.Switch.Scope == AblationScope.Head));

        int[] answer = [.. report.Whole.TokenIds];
        float[] whole = hand.Scores(request, answer, new HandChange());
        foreach (AblationResult result in report.Results)
        {
            string what = $"{kind} {result.Switch.Name}";
            HandChange change = ChangeOf(result.Switch);
            GenerationRequest asked = result.Switch.Wrap is null ? request with { Images = [Other] } : request;
            float[] expected = hand.Scores(asked, answer, change);
            TensorAssert.Close(expected, ScoresOf(model, result.Switch, asked, answer), LogitTolerance, what);
            double moved = expected.Zip(whole, (a, b) => Math.Abs(a - b)).Max(); // else a switch that does nothing would pass
            Assert.True(moved > 10 * LogitTolerance, $"{what}: the change by hand moves the scores by {moved:g3} only");

            Assert.Equal(hand.Answer(asked, Most, change), result.Answer.TokenIds);
            LogitRows q = new(expected, model.Config.Text.VocabSize), p = new(whole, model.Config.Text.VocabSize);
            for (int t = 0; t < answer.Length; t++)
            {
                Assert.Equal(q.LogProbability(t, answer[t]), result.Answer.LogProbabilities[t], 1e-3);
                Assert.Equal(p.Divergence(q, t), result.Answer.Divergences[t], 1e-3);
            }
        }
    }

    /// <summary>An adapter's products are added behind the switch, where there is nothing of a skipped layer to add to.</summary>
    [Fact]
    public void With_an_adapter_each_switch_gives_what_it_gives_with_the_merged_model()
    {
        using var folder = new TemporaryFolder();
        string whole = GoldenFiles.PathOf("models", "pg1-f32-sharded"), lora = GoldenFiles.PathOf("training", "pg1-lora");
        string merged = folder.At("merged");
        AdapterMerge.Write(whole, lora, merged);
        using var backend = new CpuBackend();
        using VisionLanguageModel adapted = VisionLanguageModel.Open(whole, backend), one = VisionLanguageModel.Open(merged, backend);
        adapted.LoadAdapter("lora", lora);
        adapted.DefaultAdapter = "lora";
        GenerationRequest request = Question("pg1").Request();
        var options = new AblationOptions { MaxNewTokens = Most, Layers = true, Heads = true, OtherImage = Other };
        AblationReport actual = Ablator.Run(adapted, request, options), expected = Ablator.Run(one, request, options);
        foreach ((AblationResult a, AblationResult e) in actual.Results.Zip(expected.Results))
        {
            Assert.Equal(e.Switch.Name, a.Switch.Name);
            Assert.Equal(e.Answer.TokenIds, a.Answer.TokenIds);
            foreach ((double left, double right) in e.Answer.LogProbabilities.Zip(a.Answer.LogProbabilities))
                Assert.Equal(left, right, 1e-3);
        }

        AblationReport without = Ablator.Run(adapted, request with { Adapter = VisionLanguageModel.BaseName }, options);
        Assert.NotEqual(without.Whole.LogProbability, actual.Whole.LogProbability, 1e-3); // the adapter does something
    }

    private static VlmSharp.Imaging.RgbImage Other => Pictures.Noise(60, 50);

    private static GoldenCase Question(string kind) => GoldenCase.Load(kind).Single(c => c.Name == "question");

    private static float[] ScoresOf(VisionLanguageModel model, AblationSwitch change, GenerationRequest asked, int[] answer)
    {
        using IComputeBackend? changed = change.Wrap?.Invoke(model.Network.Backend);
        ModelContext context = changed is null ? model.Context : model.Context.On(changed);
        return AblationRun.Score(context, model.Prepare(asked), answer).Values.ToArray();
    }

    private static HandChange ChangeOf(AblationSwitch change) => change switch
    {
        { Scope: not AblationScope.Model } => new HandChange { Layer = change.Layer, Head = change.Head },
        { Name: "causal" } => new HandChange { Causal = true },
        { Name: "no-picture" } => new HandChange { NoPicture = true },
        { Name: "other-picture" } => new HandChange(),
        { Name: "no-positions" } => new HandChange { NoPositions = true },
        { Name: "open-gate" } => new HandChange { OpenGate = true },
        { Name: "no-embedding-scale" } => new HandChange { NoScale = true },
        { Name: "attention-softcap" } => new HandChange { NoAttentionCap = true },
        { Name: "final-softcap" } => new HandChange { FinalCap = true },
        _ => throw new ArgumentOutOfRangeException(nameof(change), change.Name, "This switch has no change by hand yet."),
    };
}
