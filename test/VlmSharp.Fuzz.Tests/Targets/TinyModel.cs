using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>A whole model of a few kilobytes.</summary>
internal static class TinyModel
{
    private static readonly PaliGemmaConfig Config = MakeConfig();

    /// <summary>config.json and model.safetensors.</summary>
    public static void Write(string folder) => SyntheticCheckpoint.Write(folder, Config);

    /// <summary>config.json, several shards and their index.</summary>
    public static void WriteShards(string folder)
    {
        Write(folder);
        File.Delete(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.WriteModel(folder, TensorTable.For(Config).Select(spec =>
            new TensorToWrite(spec.Name, SafetensorsType.BF16, spec.Shape, stream => SyntheticCheckpoint.WriteValues(stream, spec))),
            maxShardBytes: 600);
    }

    /// <summary>The quantized model.safetensors and its config.json, which serves the other formats too.</summary>
    public static void WriteQuantized(string folder, DType format)
    {
        string source = Path.Combine(folder, $"source-{format}"), target = Path.Combine(folder, $"target-{format}");
        // Rows are whole groups. Rows of 32 numbers are quantized only to 4 bits, so an 8-bit model has matrices of both kinds.
        SyntheticCheckpoint.Write(source, Config with { Text = Config.Text with { HiddenSize = 64, IntermediateSize = 32, HeadDim = 16 } });
        ModelQuantizer.Write(source, target, format);
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(target, file), Path.Combine(folder, file), overwrite: true);
    }

    private static PaliGemmaConfig MakeConfig()
    {
        PaliGemmaConfig full = SyntheticCheckpoint.Shapes["paligemma2-3b-224"];
        return full with
        {
            Vision = full.Vision with { HiddenSize = 4, IntermediateSize = 6, Layers = 1, Heads = 2, PatchSize = 2, ImageSize = 4 },
            Text = full.Text with
            {
                HiddenSize = 4,
                IntermediateSize = 6,
                Layers = 1,
                Heads = 2,
                KvHeads = 1,
                HeadDim = 2,
                VocabSize = 12,
                SlidingLayers = [true]
            },
            ImageTokenId = 11,
        };
    }
}
