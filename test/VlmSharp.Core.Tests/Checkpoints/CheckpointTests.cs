using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Checkpoints;

public class CheckpointTests
{
    [Theory]
    [InlineData("pg1", 3, 3)]
    [InlineData("pg1-f16", 3, 3)]
    [InlineData("pg1-f32-sharded", 3, 3)]
    [InlineData("pg1-new-names", 3, 3)]
    [InlineData("pg1odd", 2, 2)]
    [InlineData("pg2", 2, 4)]
    public void GoldenModelsOpenUnderCanonicalNames(string kind, int visionLayers, int textLayers)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenFiles.PathOf("models", kind));
        Assert.Equal(visionLayers, checkpoint.Config.Vision.Layers);
        Assert.Equal(textLayers, checkpoint.Config.Text.Layers);
        foreach (TensorSpec spec in TensorTable.For(checkpoint.Config))
            Assert.Equal(spec.Elements, checkpoint.Weight(spec.Name).ByteLength / checkpoint.Weight(spec.Name).DType.Size());
        Assert.False(checkpoint.HasSeparateHead);
    }
}
