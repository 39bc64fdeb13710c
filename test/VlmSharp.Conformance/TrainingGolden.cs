using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;
using VlmSharp.Training;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Conformance;

/// <summary>A golden model that is trained, with the golden samples.</summary>
public sealed class TrainingGolden : IDisposable
{
    /// <summary>Opens the model.</summary>
    /// <param name="kind">pg1 or pg2.</param>
    /// <param name="backend">The backend that trains it.</param>
    /// <param name="checkpointing">Whether blocks are run again in the backward pass.</param>
    /// <param name="options">Selects what is trained; null for every parameter.</param>
    /// <param name="folder">The model's folder, or null for that of the kind.</param>
    public TrainingGolden(string kind, IComputeBackend backend, bool checkpointing, TrainableOptions? options = null, string? folder = null)
    {
        Json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", $"{kind}.json"))).RootElement;
        options ??= new TrainableOptions { IsTrained = _ => true };
        Model = TrainableModel.Open(folder ?? GoldenFiles.PathOf("models", kind), backend, options with { Checkpointing = checkpointing });
    }

    /// <summary>The expected figures.</summary>
    public JsonElement Json { get; }

    /// <summary>The trainable model, with the weights that the figures begin with.</summary>
    public TrainableModel Model { get; }

    /// <summary>A gradient step of it.</summary>
    public GradientStep Step(LossOptions? options = null) => new(Model.Network, Model.Tape, options ?? new LossOptions());

    /// <summary>A parameter's gradient on the tape.</summary>
    public float[] Gradient(string name)
    {
        Parameter parameter = Model.Parameters.Single(p => p.Name == name);
        float[] values = new float[parameter.Length];
        Model.Tape.Download(Model.Tape.Gradient(parameter.Weight), values);
        return values;
    }

    /// <summary>The golden samples of some numbers.</summary>
    public IReadOnlyList<TrainingSequence> Examples(JsonElement batch) => [.. batch.EnumerateArray().Select(i => Example(i.GetInt32()))];

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private TrainingSequence Example(int index)
    {
        JsonElement sample = Json.GetProperty("samples")[index];
        var preprocessor = new ImagePreprocessor(new PreprocessorConfig { Size = Model.Network.Config.Vision.ImageSize });
        int[] ids = [.. sample.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32())];
        int prefix = sample.GetProperty("token_type_ids").EnumerateArray().Count(e => e.GetInt32() == 0);
        RgbImage picture = ImageFile.Load(GoldenFiles.PathOf("images", sample.GetProperty("image").GetString()!));
        return new TrainingSequence(ids, prefix, [preprocessor.Process(preprocessor.Resize(picture))]);
    }
}
