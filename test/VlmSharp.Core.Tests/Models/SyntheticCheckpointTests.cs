using System.Collections.Immutable;
using System.Security.Cryptography;
using VlmSharp.Checkpoints;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Core.Tests.Models;

/// <summary>The rule that generates the full-size checkpoints gives the recorded bytes, and the folder opens.</summary>
public sealed class SyntheticCheckpointTests
{
    [Theory]
    [InlineData(
        "multi_modal_projector.linear.weight",
        new long[] { 2048, 1152 },
        "ce1c8bec4c09f294ed6233c0cd7a5ed2c22f91e727877c5bdcf508563bf8fbbb")]
    [InlineData(
        "vision_tower.vision_model.encoder.layers.26.mlp.fc1.bias",
        new long[] { 4304 },
        "0643abbd0d61a60aa69bc18ed2f7d10099c2143f7a7ff442426ed25c41ae6620")]
    [InlineData(
        "language_model.model.norm.weight", new long[] { 2048 }, "5304e48f116b9d1aed991de3045475e4869b9054976604b3d3df6238b8744dab")]
    public void The_rule_gives_the_recorded_bytes(string name, long[] shape, string sha256)
    {
        using var bytes = new MemoryStream();
        SyntheticCheckpoint.WriteValues(bytes, new TensorSpec(name, [.. shape], ModelPart.Decoder));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())));
    }

    [Fact]
    public void A_written_folder_opens_as_the_model_it_describes()
    {
        PaliGemmaConfig small = SyntheticCheckpoint.Shapes["paligemma2-3b-224"];
        small = small with
        {
            Vision = small.Vision with { HiddenSize = 48, IntermediateSize = 80, Layers = 2, Heads = 4, ImageSize = 56 },
            Text = small.Text with
            {
                HiddenSize = 64,
                IntermediateSize = 96,
                Layers = 2,
                Heads = 4,
                KvHeads = 2,
                HeadDim = 16,
                SlidingLayers = [true, false]
            },
        };
        string folder = Directory.CreateTempSubdirectory("vlmsharp-synthetic-").FullName;
        try
        {
            SyntheticCheckpoint.Write(folder, small);
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            Assert.Equal(small.Vision, checkpoint.Config.Vision);
            Assert.Equal(small.Text with { SlidingLayers = [] }, checkpoint.Config.Text with { SlidingLayers = [] });
            Assert.Equal(small.Text.SlidingLayers.AsEnumerable(), checkpoint.Config.Text.SlidingLayers);
            using var backend = new ReferenceBackend();
            using var weights = new LoadedWeights(checkpoint, backend, quantization: null, CancellationToken.None);
            Assert.Equal(2, new PaliGemmaModel(checkpoint.Config, backend, weights.Load).Config.Text.Layers);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
