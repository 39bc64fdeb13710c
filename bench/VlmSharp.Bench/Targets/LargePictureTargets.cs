using System.Runtime.InteropServices;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// Target 2 at 448 pixels. Published models of that size differ from those of 224 pixels only in their position table, so a
/// checkpoint of 224 pixels with a table of zeros will do.
/// </summary>
internal static unsafe class LargePictureTargets
{
    private const int Side = 448, Repetitions = 2;

    /// <summary>Measures the encoder and a prompt of its tokens.</summary>
    public static void Measure(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using var weights = new LoadedWeights(checkpoint, backend, quantization: null, CancellationToken.None);
        var model = new PaliGemmaModel(checkpoint.Config, backend, weights.Load);
        PaliGemmaConfig config = checkpoint.Config with { Vision = checkpoint.Config.Vision with { ImageSize = Side } };
        Encoder(table, backend, probe, checkpoint, config);

        int tokens = config.Vision.Patches + 4;
        double flops = new ModelCost(config).PrefillFlops(tokens);
        var prefill = new PairedSeries(probe, 0, flops);
        for (int i = 0; i < Repetitions; i++) prefill.Repeat(() => DecodeLoop.Prefill(model, tokens));
        table.Add("prefill bf16", $"{tokens} tokens ({Side} px)", prefill, $"{tokens / prefill.Seconds:0.0} tokens/s", 0.75);
    }

    private static void Encoder(TargetTable table, CpuBackend backend, LimitProbe probe, Checkpoint checkpoint, PaliGemmaConfig config)
    {
        VisionConfig vision = config.Vision;
        ushort* zeros = (ushort*)NativeMemory.AllocZeroed((nuint)vision.Patches * (nuint)vision.HiddenSize, sizeof(ushort));
        using Weight positions =
            backend.LoadWeight(new WeightData("positions", DType.BF16, vision.Patches, vision.HiddenSize, (nint)zeros, checkpoint));
        var root = new WeightScope(
            name => name.EndsWith("position_embedding.weight", StringComparison.Ordinal)
                ? positions
                : backend.LoadWeight(checkpoint.Weight(name)),
            "");
        var encoder = new SigLipEncoder(vision, root["vision_tower"]["vision_model"]);
        Affine projector = root["multi_modal_projector"].Affine("linear");
        using Matrix pixels = backend.Upload(new float[3 * Side * Side], 1, 3 * Side * Side); // [1, 3 * S * S]
        double flops = new ModelCost(config).VisionFlops();
        var series = new PairedSeries(probe, 0, flops);
        for (int i = 0; i < Repetitions; i++)
        {
            series.Repeat(() =>
            {
                using Matrix patches = encoder.Encode(backend, pixels); // [N, d]
                backend.Linear(patches, projector.Weight, projector.Bias).Dispose(); // [N, h]
            });
        }
        table.Add("vision", $"{Side} px", series, $"{flops / series.Seconds / 1e9:0} GFLOP/s", 0.75);
        NativeMemory.Free(zeros);
    }
}
