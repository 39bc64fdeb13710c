using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Explain;
using VlmSharp.Models;

namespace VlmSharp.Explain.Tests;

/// <summary>The sink averages attention weights over heads and layers, and its maps lose no attention.</summary>
public sealed class ExplanationSinkTests
{
    /// <summary>Sides that need no coarser map, sides that divide evenly, and sides that leave a ragged edge.</summary>
    [Theory]
    [InlineData(8, 8, 1)]
    [InlineData(32, 32, 1)]
    [InlineData(64, 32, 2)]
    [InlineData(37, 19, 2)]
    [InlineData(101, 26, 4)]
    public void Coarse_maps_keep_every_patch(int perSide, int coarse, int patchesPerCell)
    {
        using var backend = new ReferenceBackend();
        int patches = perSide * perSide, keys = patches + 3;
        // text before and between the patches shifts their places
        bool[] isImage = [.. Enumerable.Range(0, patches + 2).Select(i => i is not (0 or 5))];
        var sink = new ExplanationSink(backend, new VisionConfig(1, 1, 1, 1, 14, 14 * perSide, 1e-6f));
        sink.Begin(isImage);
        float[] first = Numbers(2 * keys, 1), second = Numbers(2 * keys, 2);
        foreach ((float[] weights, int layer) in new[] { (first, 0), (second, 1) })
        {
            using Matrix tensor = backend.Upload(weights, 2, keys); // two heads
            sink.Record($"text.layer.{layer}.weights", tensor);
        }

        (float[] mean, AttentionShare share, AttentionMap map, LayerAttention[] layers) = sink.TakeStep();
        for (int j = 0; j < keys; j++) Assert.Equal((first[j] + first[keys + j] + second[j] + second[keys + j]) / 4, mean[j], 1e-6f);
        Assert.Equal((mean[0] + mean[5], mean[^1]), ((float)share.Prompt, (float)share.Generated));
        float[] picture = [.. isImage.Select((image, i) => (image, i)).Where(t => t.image).Select(t => mean[t.i])];
        Assert.Equal(picture, map.Cells);
        Assert.Equal((perSide, 1, 2), (map.Side, map.PatchesPerCell, layers.Length));
        Assert.Equal((coarse, patchesPerCell), (layers[0].Map.Side, layers[0].Map.PatchesPerCell));
        double[] cells = new double[coarse * coarse];
        for (int patch = 0; patch < patches; patch++)
            cells[patch / perSide / patchesPerCell * coarse + patch % perSide / patchesPerCell] += picture[patch];
        for (int i = 0; i < cells.Length; i++) Assert.Equal(cells[i], (layers[0].Map.Cells[i] + layers[1].Map.Cells[i]) / 2.0, 1e-5);
        Assert.Equal(layers.Average(l => l.Share.Picture), share.Picture, 1e-4);
    }

    [Fact]
    public void Later_steps_start_again_and_do_not_change_the_sizes()
    {
        using var backend = new ReferenceBackend();
        var sink = new ExplanationSink(backend, new VisionConfig(1, 1, 1, 1, 14, 14, 1e-6f));
        sink.Begin([true, false]);
        using Matrix rows = backend.Upload([3, 4, 0, 1], 2, 2),
            prompt = backend.Upload([0.25f, 0.75f], 1, 2),
            later = backend.Upload([0.5f, 0.25f, 0.25f], 1, 3);
        sink.Record("text.layer.0", rows);
        sink.Record("text.layer.0.mlp", rows); // a branch, not a stage
        sink.Record("text.layer.0.weights", prompt);
        Assert.Equal([0.25f, 0.75f], sink.TakeStep().Weights);
        sink.Record("text.layer.0", rows);
        sink.Record("text.layer.0.weights", later);
        (float[] weights, AttentionShare share, _, LayerAttention[] layers) = sink.TakeStep();
        Assert.Equal([0.5f, 0.25f, 0.25f], weights);
        Assert.Equal((1, new AttentionShare(0.5, 0.25, 0.25)), (layers.Length, share));
        Assert.Equal([new StageNorm("text.layer.0", Math.Sqrt(12.5), Math.Sqrt(0.5))], sink.Norms);
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() / count)];
    }
}
