using VlmSharp.Checkpoints;
using VlmSharp.Generation;
using VlmSharp.Preprocessing;
using VlmSharp.Tokenization;
using VlmSharp.Training.Data;

namespace VlmSharp.Training;

/// <summary>
/// The inputs of a training, opened once: the model's folder and the data. A <see cref="TrainingPlan"/> or a
/// <see cref="FineTuning"/> is made from it. The weights are mapped but not loaded yet.
/// </summary>
public sealed class TrainingInputs : IDisposable
{
    // In large data sets only the first examples are measured.
    private const int MostExamples = 2000;

    private readonly Lazy<ExampleSize> longest;

    private TrainingInputs(FineTuningOptions options)
    {
        Options = options;
        Checkpoint = options.OpenCheckpoint();
        try
        {
            Preprocessor = new ImagePreprocessor(PreprocessorConfig.ReadFolder(options.Model, Checkpoint.Config.Vision.ImageSize));
            Tokenizer = TokenizerLoader.TryLoad(options.Model) ?? throw TrainableModel.NoTokenizer(options.Model);
            Data = TrainingData.Open(options.Data, options.ReadingOptions);
        }
        catch
        {
            Checkpoint.Dispose();
            throw;
        }

        Encoder = new ExampleEncoder(Checkpoint.Config, Tokenizer, options.TextLength);
        longest = new Lazy<ExampleSize>(FindLongest);
    }

    /// <summary>What the training is told.</summary>
    public FineTuningOptions Options { get; }

    /// <summary>The model's files.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The examples to train on, open until these inputs are disposed of.</summary>
    public TrainingData Data { get; }

    /// <summary>How texts become tokens.</summary>
    public ExampleEncoder Encoder { get; }

    /// <summary>How pictures become pixels.</summary>
    internal ImagePreprocessor Preprocessor { get; }

    /// <summary>The model's vocabulary.</summary>
    internal ITokenizer Tokenizer { get; }

    /// <summary>The longest example.</summary>
    internal ExampleSize Longest => longest.Value;

    /// <summary>Opens model and data.</summary>
    /// <param name="options">What the training is told.</param>
    /// <returns>Both, owned by the caller, to be disposed of after what was made of them.</returns>
    /// <exception cref="TrainingDataException">The data cannot be used.</exception>
    /// <exception cref="ModelFormatException">The model cannot be used.</exception>
    /// <exception cref="RequestException">The model has no tokenizer.</exception>
    public static TrainingInputs Open(FineTuningOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TrainingInputs(options);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Data.Dispose();
        Checkpoint.Dispose();
    }

    private ExampleSize FindLongest()
    {
        var longest = new ExampleSize(1, 2, 2);
        int most = 0, patches = Checkpoint.Config.Vision.Patches;
        for (int i = 0; i < Math.Min(Data.Count, MostExamples); i++)
        {
            TrainingExample example = Data[i];
            foreach (string suffix in example.Suffixes)
            {
                if (Encode(example, suffix) is not { } tokens || tokens.Ids.Count <= most) continue;
                most = tokens.Ids.Count;
                longest = new ExampleSize(example.Images.Count, tokens.PrefixLength - example.Images.Count * patches, tokens.TargetCount);
            }
        }

        return longest;
    }

    private EncodedExample? Encode(TrainingExample example, string suffix)
    {
        try
        {
            return Encoder.Encode(example, suffix);
        }
        catch (TrainingDataException) when (Options.SkipBad)
        {
            return null; // the run will leave it out too
        }
    }
}

/// <summary>How large an example is.</summary>
/// <param name="Images">How many pictures it has.</param>
/// <param name="Prefix">Tokens of the prefix, pictures not among them.</param>
/// <param name="Suffix">Target tokens.</param>
internal readonly record struct ExampleSize(int Images, int Prefix, int Suffix);
