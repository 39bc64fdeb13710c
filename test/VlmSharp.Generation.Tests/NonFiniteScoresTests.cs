using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Imaging;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation.Tests;

/// <summary>Weights that are damaged are an error that names the first stage where it shows, however the tokens are chosen.</summary>
public sealed class NonFiniteScoresTests : IDisposable
{
    private const string Decoder = "language_model.model.", Vision = "vision_tower.vision_model.";
    private const string Table = Decoder + "embed_tokens.weight", Head = "language_model.lm_head.weight";

    private readonly CpuBackend backend = new();

    public void Dispose() => backend.Dispose();

    private static GenerationRequest Request(string prompt = "caption en") =>
        new() { Images = [ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"))], Prompt = prompt };

    private string Refused(string tensor, float value, GenerationOptions? options = null, ITokenConstraint? constraint = null)
    {
        using TemporaryFolder folder = DamagedModel.Write(tensor, value);
        using VisionLanguageModel model = VisionLanguageModel.Open(folder.Path, backend);
        return Assert.Throws<ModelFormatException>(() => model.Generate(Request() with { Constraint = constraint }, options)).Message;
    }

    [Theory]
    [InlineData(Decoder + "layers.1.mlp.down_proj.weight", float.NaN, "text.layer.1 is the first")]
    [InlineData(Decoder + "layers.1.self_attn.q_proj.weight", float.PositiveInfinity, "text.layer.1 is the first")]
    [InlineData(Decoder + "norm.weight", float.NaN, "text.norm is the first")]
    [InlineData(Head, float.NaN, "logits is the first")]
    [InlineData(Vision + "encoder.layers.1.mlp.fc2.weight", float.NaN, "vision.layer.1 is the first")]
    [InlineData(Vision + "embeddings.patch_embedding.bias", float.NaN, "vision.embeddings is the first")]
    [InlineData("multi_modal_projector.linear.weight", float.NegativeInfinity, "projector is the first")]
    public void The_error_names_the_first_stage(string tensor, float value, string stage) =>
        Assert.Contains($"not finite numbers: {stage} stage", Refused(tensor, value));

    [Fact]
    public void It_is_one_whether_tokens_are_drawn_searched_or_constrained()
    {
        const string Weight = Decoder + "layers.1.mlp.down_proj.weight";
        Assert.Contains("text.layer.1", Refused(Weight, float.NaN, new() { Temperature = 0.8f, TopK = 5, Seed = 1 }));
        Assert.Contains("text.layer.1", Refused(Weight, float.NaN, new() { Beams = 3 }));
        Assert.Contains("text.layer.1", Refused(Weight, float.NaN, new() { RepetitionPenalty = 1.2f }));
        Assert.Contains("text.layer.1", Refused(Weight, float.NaN, constraint: new Two()));
    }

    [Fact]
    public async Task It_is_the_error_of_who_meets_it_alone()
    {
        int word = TokenizerLoader.Load(GoldenFiles.DemoModel).Encode("snowman", ControlTokens.AsText)[0];
        using TemporaryFolder folder = DamagedModel.Write(Table, float.NaN, word);
        using VisionLanguageModel model = VisionLanguageModel.Open(folder.Path, backend);
        using VisionLanguageModel whole = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        Task<GenerationResult> good = model.GenerateAsync(Request()), bad = model.GenerateAsync(Request("snowman"));
        Assert.Contains("text.input is the first", (await Assert.ThrowsAsync<ModelFormatException>(() => bad)).Message);
        Assert.Equal(whole.Generate(Request()).Text, (await good).Text);
        Assert.Equal(0, model.Engine.Running);
    }

    private sealed class Two : ITokenConstraint
    {
        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => new[] { 10, 11 };
    }
}
