using System.Collections.Immutable;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Generation;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Quantization;
using VlmSharp.Tokenization;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>
/// A checkpoint opened for training: the inference network on a tape, with the trained parameters in their own memory. The files are never
/// written to.
/// </summary>
public sealed class TrainableModel : IDisposable
{
    private readonly LoadedWeights frozen;
    private readonly List<Parameter> parameters = [];
    private readonly TrainableOptions options;
    private readonly IComputeBackend backend;
    private readonly TrainedAdapter? adapter;
    private readonly LowRankBackend lowRank = null!;
    private bool ownsCheckpoint;

    private TrainableModel(
        Checkpoint checkpoint, ImagePreprocessor preprocessor, ITokenizer? tokenizer, IComputeBackend backend, TrainableOptions options,
        CancellationToken cancellationToken)
    {
        (Checkpoint, Preprocessor, Tokenizer, this.backend, this.options) = (checkpoint, preprocessor, tokenizer, backend, options);
        Tape = new Tape(backend) { Checkpointing = options.Checkpointing };
        frozen = new LoadedWeights(Checkpoint, Tape, options.Quantization, cancellationToken);
        try
        {
            PaliGemmaConfig config = Checkpoint.Config with { TiesHead = !Checkpoint.HasSeparateHead };
            adapter = options.AdapterFolder is { } folder ? TrainedAdapter.Continue(backend, config, folder)
                : options.NewAdapter is { } begun ? TrainedAdapter.Begin(backend, config, begun, options.Seed)
                : null;
            lowRank = new LowRankBackend(Tape) { Always = adapter?.Adapter, Dropout = (float)(adapter?.Adapter.Config.Dropout ?? 0) };
            Network = new PaliGemmaModel(config, lowRank, Load, options.Model);
            foreach (Parameter parameter in adapter?.Parameters ?? []) Train(parameter);
            if (parameters.Count == 0)
                throw new RequestException("Nothing is trained: ask for an adapter, or name parameters of the model.");
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

    /// <summary>The tokenizer, or null if the folder has none: then only token ids can be used for training.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>The tokenizer, which texts need.</summary>
    /// <exception cref="RequestException">The folder has none.</exception>
    public ITokenizer RequireTokenizer() => Tokenizer ?? throw NoTokenizer(Checkpoint.Directory);

    /// <summary>What is trained, in computation order; an adapter's parameters come last, under their names in its file.</summary>
    public IReadOnlyList<Parameter> Parameters => parameters;

    /// <summary>Whether an adapter is trained.</summary>
    public bool HasAdapter => adapter is not null;

    /// <summary>The configuration of the adapter that is trained, as its file has it; null without one.</summary>
    internal byte[]? AdapterSettings => adapter?.Adapter.Config.ToJson();

    /// <summary>
    /// The key of the dropout masks of the next pass, below 2^47; null turns dropout off. See <see cref="Compute.Operators.Dropout"/>.
    /// </summary>
    internal long? DropoutKey { set => lowRank.DropoutKey = value; }

    /// <summary>Opens a model folder for training.</summary>
    /// <param name="directory">Folder with config.json, safetensors and tokenizer.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the model.</param>
    /// <param name="options">What is trained, and how.</param>
    /// <param name="cancellationToken">Ends it between weights.</param>
    /// <returns>The open model; dispose of it before the backend.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint, or that of the adapter is none.</exception>
    /// <exception cref="RequestException">Nothing is trained, or what is trained is stored in integers.</exception>
    public static TrainableModel Open(
        string directory, IComputeBackend backend, TrainableOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(options);
        Checkpoint checkpoint = Checkpoint.Open(directory, options.Model?.IgnoreUnexpectedTensors ?? false);
        try
        {
            var preprocessor = new ImagePreprocessor(PreprocessorConfig.ReadFolder(directory, checkpoint.Config.Vision.ImageSize));
            ITokenizer? tokenizer = TokenizerLoader.TryLoad(directory);
            return new TrainableModel(checkpoint, preprocessor, tokenizer, backend, options, cancellationToken) { ownsCheckpoint = true };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The same from files that are already open; the caller keeps ownership.</summary>
    internal static TrainableModel Open(
        TrainingInputs inputs, IComputeBackend backend, TrainableOptions options, CancellationToken cancellationToken) =>
        new(inputs.Checkpoint, inputs.Preprocessor, inputs.Tokenizer, backend, options, cancellationToken);

    /// <summary>Throws if a file was written to since it was opened, as long as weights are used where the files are mapped.</summary>
    /// <exception cref="ModelFormatException">A file was written to.</exception>
    internal void RequireUnchanged()
    {
        if (!backend.CopiesWeights) Checkpoint.RequireUnchanged();
    }

    /// <summary>The error for a folder without a tokenizer.</summary>
    internal static RequestException NoTokenizer(string directory) =>
        new($"{directory} has no tokenizer.json or tokenizer.model, and training on texts needs one.");

    /// <summary>Writes the adapter in PEFT's layout; files that are there are replaced, each at once.</summary>
    /// <param name="directory">The folder; created when it does not exist.</param>
    /// <exception cref="InvalidOperationException">No adapter is trained.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void SaveAdapter(string directory) =>
        (adapter ?? throw new InvalidOperationException("No adapter is trained.")).Save(directory);

    /// <summary>
    /// Writes the weights as a model's files, with the parameters as they are now, under the names and in the shapes that they were read
    /// in. Tokenizer, preprocessor and license are not among them.
    /// </summary>
    /// <param name="directory">The folder; created when it does not exist.</param>
    /// <param name="format">How trained parameters are stored: F32, BF16 or F16. Frozen ones stay as they are.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="ModelFormatException">The checkpoint was written to since it was opened.</exception>
    public void SaveWeights(string directory, DType format)
    {
        Dictionary<string, Parameter> trained = parameters.ToDictionary(p => p.Name, StringComparer.Ordinal);
        SafetensorsWriter.WriteModel(directory, Checkpoint.Tensors.Values.Where(IsWritten).Select(tensor =>
        {
            WeightData data = Checkpoint.Weight(tensor.Name);
            return trained.TryGetValue(tensor.Name, out Parameter? parameter)
                ? new TensorToWrite(tensor.StoredName, format.AsSafetensorsType(), tensor.Shape, stream => Write(stream, parameter, format))
                : new TensorToWrite(tensor.StoredName, tensor.DType.AsSafetensorsType(), tensor.Shape,
                    stream => Copy(stream, data));
        }));

        // Files that were written to are noticed while the new ones still have temporary names.
        void Copy(Stream stream, WeightData data)
        {
            TensorToWrite.WriteBytes(stream, data.Data, data.ByteLength);
            Checkpoint.RequireUnchanged();
        }

        // A tied head is left out: the embedding table has changed, and readers use it as the head.
        bool IsWritten(CheckpointTensor tensor) => tensor.Name != TensorNames.Head || Checkpoint.HasSeparateHead;
    }

    /// <summary>A parameter's name and shape in the files that it belongs to.</summary>
    internal (string Name, ImmutableArray<long> Shape) StoredAs(Parameter parameter) =>
        Checkpoint.Tensors.TryGetValue(parameter.Name, out CheckpointTensor? tensor)
            ? (tensor.StoredName, tensor.Shape)
            : (parameter.Name, [parameter.Weight.Rows, parameter.Weight.Columns]);

    /// <inheritdoc/>
    public void Dispose()
    {
        lowRank?.Dispose();
        Tape.Dispose();
        adapter?.Dispose();
        foreach (Parameter parameter in parameters) parameter.Dispose();
        parameters.Clear();
        frozen.Dispose();
        if (ownsCheckpoint) Checkpoint.Dispose();
    }

    private static void Write(Stream stream, Parameter parameter, DType format)
    {
        float[] values = new float[parameter.Length];
        parameter.Read(values);
        TensorToWrite.FromFloats(parameter.Name, format, [parameter.Length], values).WriteTo(stream);
    }

    private Weight Load(string name)
    {
        WeightData data = Checkpoint.Weight(name);
        bool isQuantized = options.Quantization is { } format
            && QuantizationPlan.FormatOf(name, data.Rows, data.Columns, format) is not null;
        if (isQuantized || !options.IsTrained(name)) return frozen.Load(name);
        if (data.DType.IsQuantized())
            throw new RequestException($"{name} is stored in {data.DType}, which cannot be trained itself: train an adapter on it, or give "
                + "the model that it was made from.");
        var parameter = Parameter.From(backend, data, options.Precision);
        Train(parameter);
        return parameter.Weight;
    }

    private void Train(Parameter parameter)
    {
        parameters.Add(parameter);
        Tape.Train(parameter.Weight);
    }
}
