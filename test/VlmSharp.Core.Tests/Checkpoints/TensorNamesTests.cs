using VlmSharp.Checkpoints;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Checkpoints;

public class TensorNamesTests
{
    [Theory]
    [InlineData("vision_tower.vision_model.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias")]
    [InlineData("model.vision_tower.vision_model.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias")]
    [InlineData("model.vision_tower.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias")]
    [InlineData("vlm.model.vision_tower.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias")]
    [InlineData("model.vlm.vision_tower.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias")]
    [InlineData("model.multi_modal_projector.linear.bias", "multi_modal_projector.linear.bias")]
    [InlineData("language_model.model.norm.weight", "language_model.model.norm.weight")]
    [InlineData("model.language_model.norm.weight", "language_model.model.norm.weight")]
    [InlineData("model.language_model.model.norm.weight", "language_model.model.norm.weight")]
    [InlineData("vlm.language_model.lm_head.weight", "language_model.lm_head.weight")]
    [InlineData("lm_head.weight", "language_model.lm_head.weight")]
    [InlineData("vlm.lm_head.weight", "language_model.lm_head.weight")]
    [InlineData("model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight")]
    [InlineData("custom_text_proj.weight", "custom_text_proj.weight")]
    [InlineData("", "")]
    public void DialectsBecomeOne(string stored, string canonical)
    {
        Assert.Equal(canonical, TensorNames.Normalize(stored));
        Assert.Equal(canonical, TensorNames.Normalize(canonical));
    }

    [Fact]
    public void CanonicalNamesStay()
    {
        foreach (TensorSpec spec in TensorTable.For(ConfigReaderTests.ReadGolden("pg2")))
            Assert.Equal(spec.Name, TensorNames.Normalize(spec.Name));
    }

    [Fact]
    public void NormalizingIsIdempotentOnWhateverNames()
    {
        string[] steps =
            ["model.", "vlm.", "vision_tower.", "vision_model.", "language_model.", "lm_head.", "multi_modal_projector.", "weight", "x."];
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => steps[random.Next(steps.Length)]));
            string once = TensorNames.Normalize(name);
            Assert.Equal(once, TensorNames.Normalize(once));
        }
        Assert.NotNull(TensorNames.Normalize(string.Concat(Enumerable.Repeat("model.", 500_000))));
    }

    [Theory]
    [InlineData("vision_tower.vision_model.embeddings.position_ids", true)]
    [InlineData("model.language_model.rotary_emb.inv_freq", true)]
    [InlineData("language_model.model.embed_tokens.embed_scale", true)]
    [InlineData("vision_tower.vision_model.embeddings.position_embedding.weight", false)]
    public void DerivedBuffersAreKnown(string name, bool derived) => Assert.Equal(derived, TensorNames.IsDerivedBuffer(name));
}
