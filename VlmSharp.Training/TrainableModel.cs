using System.Collections.Immutable;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Tokenization;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>
/// A checkpoint opened to be trained: the network of inference on a tape, with the parameters that are trained in memory of their own. The files
/// are never written to.
/// </summary>
public sealed class TrainableModel : IDisposable
{
    private readonly LoadedWeights frozen;
    private readonly List<Parameter> parameters = [];
    private readonly TrainableOptions options;
    private readonly IComputeBackend backend;

    private TrainableModel(string directory, IComputeBackend backend, TrainableOptions options, CancellationToken cancellationToken)
    {
        (this.backend, this.options) = (backend, options);
        Checkpoint = Checkpoint.Open(directory);
        Tape = new Tape(backend) { Checkpointing = options.Checkpointing };
        frozen = new LoadedWeights(Checkpoint, Tape, options.Quantization, cancellationToken);
        try
        {
            Preprocessor = new ImagePreprocessor(VisionLanguageModel.ReadPreprocessor(directory, Checkpoint.Config.Vision.ImageSize));
            Tokenizer = TokenizerLoader.TryLoad(directory)
                ?? throw new RequestException($"{directory} has no tokenizer.json or tokenizer.model, and training needs one.");
            Network = new PaliGemmaModel(Checkpoint.Config with { TiesHead = !Checkpoint.HasSeparateHead }, Tape, Load, options.Model);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The checkpoint that it began from.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The network, on the tape.</summary>
    public PaliGemmaModel Network { get; }

    /// <summary>Records passes.</summary>
    public Tape Tape { get; }

    /// <summary>How pictures become pixels.</summary>
    public ImagePreprocessor Preprocessor { get; }

    /// <summary>The tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>What is trained, in the order of the computation.</summary>
    public IReadOnlyList<Parameter> Parameters => parameters;

    /// <summary>Opens a model folder for training.</summary>
    /// <param name="directory">Folder with config.json and safetensors.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the model.</param>
    /// <param name="options">What is trained, and how.</param>
    /// <param name="cancellationToken">Ends it between weights.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint.</exception>
    /// <exception cref="RequestException">Nothing is trained, or what is trained is stored in integers.</exception>
    public static TrainableModel Open(string directory, IComputeBackend backend, TrainableOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(options);
        return new TrainableModel(directory, backend, options, cancellationToken);
    }

    /// <summary>A parameter's name and shape in the files that it comes from.</summary>
    internal (string Name, ImmutableArray<long> Shape) StoredAs(Parameter parameter)
    {
        CheckpointTensor tensor = Checkpoint.Tensors[parameter.Name];
        return (tensor.StoredName, tensor.Shape);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tape.Dispose();
        foreach (Parameter parameter in parameters) parameter.Dispose();
        parameters.Clear();
        frozen.Dispose();
        Checkpoint.Dispose();
    }

    private Weight Load(string name)
    {
        if (!options.IsTrained(name)) return frozen.Load(name);
        WeightData data = Checkpoint.Weight(name);
        if (data.DType.IsQuantized())
            throw new RequestException($"{name} is stored in {data.DType}, which cannot be trained itself: train an adapter on it, or give the model that it was made from.");
        Parameter parameter = Parameter.From(backend, data, options.Precision);
        parameters.Add(parameter);
        Tape.Train(parameter.Weight);
        return parameter.Weight;
    }
}
