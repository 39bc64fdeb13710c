using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Models;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>
/// An adapter folder with one damaged file. If it is accepted, every matrix is complete, or the adapter does not fit the model.
/// </summary>
internal abstract class AdapterTarget : FuzzTarget
{
    private static readonly string[] Sources = ["pg1-lora", "pg1-rslora", "pg1-lora-new-names"];
    private readonly PaliGemmaConfig model = Checkpoint.ReadConfig(GoldenFiles.PathOf("models", "pg1"));

    public override Type Rejection => typeof(ModelFormatException);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        foreach (string name in (string[])[AdapterConfig.FileName, AdapterFile.TensorsName])
            File.Copy(GoldenFiles.PathOf("training", Sources[0], name), Path.Combine(Folder, name), overwrite: true);
        return Sources.Select(source => new Seed(source, File.ReadAllBytes(GoldenFiles.PathOf("training", source, Name))));
    }

    public override bool Use(byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(Folder, Name), bytes);
        using AdapterFile file = AdapterFile.Open(Folder);
        float[] row = [];
        foreach (AdaptedModule module in file.Modules)
        {
            (WeightData a, WeightData b) = file.Weights(module);
            foreach (WeightData data in (WeightData[])[a, b])
            {
                if (row.Length < data.Columns) row = new float[data.Columns];
                data.Widen(data.Rows - 1, row.AsSpan(0, data.Columns));
            }
        }

        file.RequireFit(model);
        return true;
    }
}

/// <summary>adapter_config.json.</summary>
internal sealed class AdapterConfigTarget : AdapterTarget
{
    public override string Name => AdapterConfig.FileName;

    // Expressions are compiled, and names are built for each of them.
    public override long MostAllocation(int inputBytes) => 4096L * inputBytes + (64 << 20);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;
}

/// <summary>adapter_model.safetensors.</summary>
internal sealed class AdapterTensorsTarget : AdapterTarget
{
    public override string Name => AdapterFile.TensorsName;

    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (16 << 20);

    protected override Func<byte[], Random, byte[], byte[]> Structured => new SafetensorsMutator().Mutate;
}
