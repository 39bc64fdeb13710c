using System.Text;
using System.Text.Json;
using VlmSharp.Adapters;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Adapters;

public sealed class AdapterConfigTests
{
    private static AdapterConfig Read(string json) => AdapterConfig.FromJson(Encoding.UTF8.GetBytes(json), AdapterConfig.FileName);

    private static string With(string members) => $$"""{"peft_type": "LORA", "target_modules": ["q_proj"], {{members}}}""";

    [Theory]
    [InlineData("pg1-lora"), InlineData("pg1-rslora"), InlineData("pg2-rslora")]
    public void A_configuration_that_peft_wrote_is_written_with_the_same_keys_and_values(string name)
    {
        string path = GoldenFiles.PathOf("training", name, AdapterConfig.FileName);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(path));
        using JsonDocument actual = JsonDocument.Parse(AdapterConfig.Read(Path.GetDirectoryName(path)!).ToJson());
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), actual.RootElement.ToString());
    }

    [Fact]
    public void Every_setting_survives_the_round_trip()
    {
        var config = new AdapterConfig
        {
            Rank = 16,
            Alpha = 12.5,
            UseRsLora = true,
            Dropout = 0.1,
            BaseModel = "google/paligemma",
            TargetModules = ModulePattern.OfNames("q_proj", "fc1"),
            ExcludeModules = ModulePattern.OfExpression(".*vision.*"),
            LayersToTransform = [0, 2],
            LayersPattern = ["layers"],
            RankPattern = [new("q_proj", 4), new(".*fc1", 2)],
            AlphaPattern = [new("q_proj", 0.5)],
        };
        AdapterConfig read = AdapterConfig.FromJson(config.ToJson(), "x");
        Assert.Equal(config.ToJson(), read.ToJson());
        Assert.Equal((16, 12.5, true, 0.1), (read.Rank, read.Alpha, read.UseRsLora, read.Dropout));
        Assert.Equal(config.RankPattern, read.RankPattern);
        Assert.Equal(config.AlphaPattern, read.AlphaPattern);
        Assert.Equal([0, 2], read.LayersToTransform);
        Assert.Equal(".*vision.*", read.ExcludeModules!.Expression);
    }

    [Fact]
    public void Unknown_keys_are_ignored()
    {
        AdapterConfig config = Read(With(
            "\"r\": 4, \"a_key_of_next_year\": {\"x\": [1]}, \"qalora_group_size\": 16, \"modules_to_save\": [], "
                + "\"trainable_token_indices\": null"));
        Assert.Equal(4, config.Rank);
        Assert.Equal(["q_proj"], config.TargetModules.Names);
    }

    [Theory]
    [InlineData("\"use_dora\": true", "DoRA")]
    [InlineData("\"bias\": \"all\"", "bias")]
    [InlineData("\"lora_bias\": true", "lora_bias")]
    [InlineData("\"modules_to_save\": [\"lm_head\"]", "modules_to_save")]
    [InlineData("\"trainable_token_indices\": {\"embed_tokens\": [3]}", "trainable_token_indices")]
    [InlineData("\"init_lora_weights\": \"pissa\"", "pissa")]
    [InlineData("\"r\": 0", "'r'")]
    [InlineData("\"r\": 4000000000", "'r'")]
    [InlineData("\"r\": \"8\"", "'r'")]
    [InlineData("\"lora_alpha\": -1", "lora_alpha")]
    [InlineData("\"lora_alpha\": 1e300", "lora_alpha")]
    [InlineData("\"lora_dropout\": 1", "lora_dropout")]
    [InlineData("\"rank_pattern\": {\"q_proj\": 0}", "rank_pattern.q_proj")]
    [InlineData("\"rank_pattern\": [1]", "rank_pattern")]
    [InlineData("\"alpha_pattern\": {\"q_proj\": \"x\"}", "alpha_pattern.q_proj")]
    [InlineData("\"exclude_modules\": 3", "exclude_modules")]
    [InlineData("\"layers_to_transform\": [-1]", "layers_to_transform")]
    public void Unsupported_or_invalid_settings_are_refused(string member, string named)
    {
        var error = Assert.Throws<ModelFormatException>(() => Read(With(member)));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(AdapterConfig.FileName, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"peft_type\": \"IA3\", \"target_modules\": [\"q_proj\"]}", "IA3")]
    [InlineData("{\"target_modules\": [\"q_proj\"]}", "peft_type")]
    [InlineData("{\"peft_type\": \"LORA\"}", "target_modules")]
    [InlineData("{\"peft_type\": \"LORA\", \"target_modules\": []}", "target_modules")]
    [InlineData("[1]", "list")]
    [InlineData("{", "JSON")]
    public void Another_file_is_refused(string json, string named) =>
        Assert.Contains(named, Assert.Throws<ModelFormatException>(() => Read(json)).Message, StringComparison.Ordinal);
}
