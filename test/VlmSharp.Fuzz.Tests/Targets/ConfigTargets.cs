using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>Settings in JSON that come with a model.</summary>
internal abstract class SettingsTarget(string file, params string[] models) : FuzzTarget
{
    public override string Name => file;

    public override Type Rejection => typeof(ModelFormatException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    protected override IEnumerable<Seed> MakeSeeds() =>
        models.Select(model => new Seed($"{model}/{file}", File.ReadAllBytes(GoldenFiles.PathOf("models", model, file))));
}

/// <summary>config.json: an accepted model has a table of tensors whose sizes can be counted.</summary>
internal sealed class ConfigTarget() : SettingsTarget("config.json", "pg1", "pg2", "pg1odd", "pg1-new-names")
{
    // 512 layers in each tower make about 14,000 names.
    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (16 << 20);

    public override bool Use(byte[] bytes)
    {
        PaliGemmaConfig config = ConfigReader.Read(bytes, FileName);
        Assert.InRange(TensorTable.Count(config).Total, 1, long.MaxValue);
        Assert.InRange(config.Vision.Patches, 1, 128 * 128);
        Assert.True(float.IsFinite(config.Text.QueryScale) && float.IsFinite(config.Text.RopeBase));
        return true;
    }
}

/// <summary>generation_config.json: accepted token ids are in the vocabulary.</summary>
internal sealed class GenerationConfigTarget() : SettingsTarget("generation_config.json", "pg1", "pg2")
{
    private readonly PaliGemmaConfig model =
        ConfigReader.Read(File.ReadAllBytes(GoldenFiles.PathOf("models", "pg1", "config.json")), "config.json");

    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (256 << 10);

    public override bool Use(byte[] bytes)
    {
        PaliGemmaConfig config = ConfigReader.WithGeneration(model, bytes, FileName);
        Assert.All([config.BosTokenId, config.PadTokenId, .. config.EosTokenIds], id => Assert.InRange(id, 0, config.Text.VocabSize - 1));
        return true;
    }
}

/// <summary>preprocessor_config.json: accepted settings give finite pixel values.</summary>
internal sealed class PreprocessorTarget() : SettingsTarget("preprocessor_config.json", "pg1", "pg2")
{
    private const int Largest = 256;
    private readonly RgbImage picture = new(2, 3);

    public override long MostAllocation(int inputBytes) => 32L * inputBytes + 64L * Largest * Largest + (256 << 10);

    public override bool Use(byte[] bytes)
    {
        PreprocessorConfig config = PreprocessorConfig.FromJson(bytes, FileName);
        Assert.InRange(config.Size, 1, 4096);
        float[] pixels = new ImagePreprocessor(config with { Size = Math.Min(config.Size, Largest) }).Process(picture);
        Assert.All(pixels.Take(1).Append(pixels[^1]), value => Assert.True(float.IsFinite(value), $"a pixel is {value}"));
        return true;
    }
}
