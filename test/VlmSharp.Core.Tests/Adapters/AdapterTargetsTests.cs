using System.Text.Json;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Models;

namespace VlmSharp.Core.Tests.Adapters;

public sealed class AdapterTargetsTests
{
    private const int Text = 3, Vision = 3; // layers of pg1

    private static readonly PaliGemmaConfig Model = Checkpoint.ReadConfig(GoldenFiles.PathOf("models", "pg1"));

    private static IReadOnlyList<AdaptedModule> Select(string targets, Func<AdapterConfig, AdapterConfig>? change = null)
    {
        var config = new AdapterConfig { TargetModules = ModulePattern.Parse(targets) };
        return AdapterTargets.Select(change?.Invoke(config) ?? config, Model);
    }

    [Theory]
    [InlineData("q_proj", Text + Vision)] // also those of the vision tower
    [InlineData("q_proj,out_proj, fc1", Text + 3 * Vision)]
    [InlineData("self_attn.q_proj", Text + Vision)]
    [InlineData("language_model.model.layers.1.self_attn.q_proj", 1)]
    [InlineData("model.language_model.layers.1.self_attn.q_proj", 1)]
    [InlineData("all-linear", 7 * Text + 6 * Vision + 1)]
    [InlineData("linear", 1)]
    [InlineData(@"language_model\..*\.(k_proj|o_proj|gate_proj)", 3 * Text)] // historic names
    [InlineData(@"model\.language_model\..*\.(k_proj|o_proj|gate_proj)", 3 * Text)] // since transformers 4.52
    [InlineData(@"model\.vision_tower\.encoder\..*fc1", Vision)] // since transformers 5
    [InlineData(@"(?!.*vision).*\.q_proj", Text)]
    [InlineData(@"^.*layers\.[01]\.mlp\.up_proj$", 2)]
    public void As_many_layers_are_selected_as_peft_selects(string targets, int count) => Assert.Equal(count, Select(targets).Count);

    [Fact]
    public void A_part_of_a_name_does_not_match()
    {
        Assert.Throws<RequestException>(() => Select("proj"));
        Assert.Throws<RequestException>(() => Select("language_model.*q_pro"));
    }

    [Fact]
    public void Layers_have_the_sizes_and_the_order_of_the_model()
    {
        IReadOnlyList<AdaptedModule> modules = Select("down_proj,linear", c => c with { Rank = 4, Alpha = 6 });
        Assert.Equal(
            [
                "multi_modal_projector.linear", "language_model.model.layers.0.mlp.down_proj",
                "language_model.model.layers.1.mlp.down_proj", "language_model.model.layers.2.mlp.down_proj"
            ],
            modules.Select(m => m.Name));
        AdaptedModule down = modules[1];
        Assert.Equal(
            (Model.Text.IntermediateSize, Model.Text.HiddenSize, 4, 6.0, 1.5),
            (down.Inputs, down.Outputs, down.Rank, down.Alpha, down.Scale));
        Assert.Equal(4 * (Model.Text.IntermediateSize + Model.Text.HiddenSize), down.Parameters);
    }

    [Fact]
    public void The_first_pattern_that_ends_a_name_gives_rank_and_alpha()
    {
        IReadOnlyList<AdaptedModule> modules = Select("q_proj,k_proj,v_proj", c => c with
        {
            Rank = 8,
            Alpha = 16,
            RankPattern = [new(@"language_model\.model\.layers\.1\.self_attn\.q_proj", 1), new("q_proj", 2), new("_proj", 3)],
            AlphaPattern = [new(@"model\.language_model\.layers\.[02]\.self_attn\.k_proj", 4)],
        });
        AdaptedModule Of(string name) => modules.Single(m => m.Name == $"language_model.model.layers.{name}_proj");
        Assert.Equal((2, 16.0), (Of("0.self_attn.q").Rank, Of("0.self_attn.q").Alpha));
        Assert.Equal(1, Of("1.self_attn.q").Rank);
        Assert.Equal((8, 4.0), (Of("2.self_attn.k").Rank, Of("2.self_attn.k").Alpha)); // "_proj" is not a whole part of a name
        Assert.Equal(16.0, Of("1.self_attn.k").Alpha);
    }

    [Fact]
    public void Scales_are_those_of_the_reference()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "training.json")));
        JsonElement lora = golden.RootElement.GetProperty("lora");
        AdapterConfig config = new()
        {
            Rank = lora.GetProperty("r").GetInt32(),
            Alpha = lora.GetProperty("alpha").GetDouble(),
            TargetModules = ModulePattern.OfNames("q_proj")
        };
        Assert.Equal(lora.GetProperty("scaling").GetDouble(), AdapterTargets.Select(config, Model)[0].Scale);
        Assert.Equal(
            lora.GetProperty("rslora_scaling").GetDouble(), AdapterTargets.Select(config with { UseRsLora = true }, Model)[0].Scale, 12);
    }

    [Fact]
    public void Exclusions_and_layer_numbers_narrow_the_selection()
    {
        Assert.Equal(Text, Select("q_proj", c => c with { ExcludeModules = ModulePattern.Parse(".*vision_tower.*") }).Count);
        Assert.Equal(
            Vision,
            Select("q_proj,o_proj", c =>
                c with
                {
                    ExcludeModules = ModulePattern.OfNames(
                        "o_proj", "language_model.model.layers.0.self_attn.q_proj", "layers.1.self_attn.q_proj",
                        "model.language_model.layers.2.self_attn.q_proj"),
                    LayersToTransform = null
                }).Count + 1);
        Assert.Equal(
            ["language_model.model.layers.2.mlp.up_proj"],
            Select("up_proj", c => c with { LayersToTransform = [2, 9] }).Select(m => m.Name));
        Assert.Equal(2, Select("up_proj", c => c with { LayersToTransform = [0, 1], LayersPattern = ["layers"] }).Count);
        Assert.Throws<RequestException>(() => Select("up_proj", c => c with { LayersToTransform = [0], LayersPattern = ["blocks"] }));
        // the projector has no layer number
        Assert.Throws<RequestException>(() => Select("linear", c => c with { LayersToTransform = [0] }));
    }

    [Theory]
    [InlineData("q_prj", "near are q_proj")]
    [InlineData("qproj,vproj", "near are q_proj, v_proj")]
    [InlineData("down_porj", "near are down_proj")]
    [InlineData("Q_PROJ", "near are q_proj")]
    [InlineData("lm_head", "there are q_proj")]
    [InlineData("embed_tokens", "there are")]
    [InlineData("c_attn", "names such as vision_tower.vision_model.encoder.layers.0.self_attn.q_proj")]
    [InlineData("h\\.\\d+\\..*", "there are")]
    public void Selecting_no_layer_is_an_error_that_names_similar_layers(string targets, string hint)
    {
        var error = Assert.Throws<RequestException>(() => Select(targets));
        Assert.Contains("name none of the model's linear layers", error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"(a|b", "cannot be used")]
    [InlineData(@"a)|(b", "cannot be used")]
    [InlineData(@"(.*.*.*.*.*.*.*.*.*.*.*.*)*X", "takes too long")]
    [InlineData(@"((l|a|n|g|u|\w|.)+)+\d\d\d\d", "takes too long")]
    public void A_hostile_expression_ends_with_an_error(string expression, string says) =>
        Assert.Contains(says, Assert.Throws<RequestException>(() => Select(expression)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_expression_that_is_too_long_is_refused() =>
        Assert.Contains(
            "past the limit", Assert.Throws<RequestException>(() => Select(new string('*', 1_000_000))).Message, StringComparison.Ordinal);
}
