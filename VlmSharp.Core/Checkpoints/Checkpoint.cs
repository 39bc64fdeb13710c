using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>
/// An open model folder: its configuration and its weights in mapped memory, under canonical names. Opening reads
/// headers only; once it is open, every weight is known to be there in the shape that the configuration demands.
/// </summary>
public sealed unsafe class Checkpoint : IDisposable
{
    private readonly IReadOnlyList<SafetensorsFile> files;
    private readonly Lazy<bool> hasSeparateHead;

    private Checkpoint(string directory, PaliGemmaConfig config, IReadOnlyList<SafetensorsFile> files, bool ignoreUnexpected)
    {
        this.files = files;
        Directory = directory;
        Config = config;
        Tensors = TableComparison.Match(files, config, directory, ignoreUnexpected);
        hasSeparateHead = new Lazy<bool>(HeadDiffers);
    }

    /// <summary>The folder as given.</summary>
    public string Directory { get; }

    /// <summary>The model that config.json and generation_config.json describe.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>
    /// The weights by canonical name (their name in the published files), in the order of the computation. The head comes last if one is
    /// stored.
    /// </summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>
    /// Whether the files hold an output head that differs from the embedding table. If both are stored, the first call compares them; of
    /// large ones it compares a sample.
    /// </summary>
    public bool HasSeparateHead => hasSeparateHead.Value;

    /// <summary>Bytes of all weights as stored.</summary>
    public long TotalBytes => Tensors.Values.Sum(tensor => tensor.ByteLength + tensor.ScaleBytes);

    /// <summary>Bytes of memory for NF4 scales that cannot be used as they are stored.</summary>
    internal long OwnBytes => Tensors.Values.Sum(tensor => tensor.Nf4?.OwnBytes ?? 0);

    /// <summary>The number of parameters of each part. A head that is the embedding table is counted once.</summary>
    public ParameterCounts ParameterCounts
    {
        get
        {
            ParameterCounts tied = TensorTable.Count(Config);
            return HasSeparateHead ? tied with { Decoder = tied.Decoder + TensorTable.Head(Config).Elements } : tied;
        }
    }

    /// <summary>Opens a model folder.</summary>
    /// <param name="directory">The folder with config.json and the safetensors files.</param>
    /// <param name="ignoreUnexpected">Whether to ignore tensors that the model does not have; otherwise they are an error.</param>
    /// <returns>The open checkpoint. Dispose it when none of its weights is in use.</returns>
    /// <exception cref="ModelFormatException">The folder holds no model, a file is damaged, or weights are missing.</exception>
    public static Checkpoint Open(string directory, bool ignoreUnexpected = false)
    {
        ArgumentNullException.ThrowIfNull(directory);
        PaliGemmaConfig config = ReadConfig(directory);
        List<SafetensorsFile> files = CheckpointFolder.OpenWeights(directory);
        try
        {
            return new Checkpoint(directory, config, files, ignoreUnexpected);
        }
        catch
        {
            foreach (SafetensorsFile file in files) file.Dispose();
            throw;
        }
    }

    /// <summary>Reads only the configuration of a model folder: config.json and, if there is one, generation_config.json.</summary>
    /// <param name="directory">A model folder; its weights may be missing.</param>
    /// <returns>The model that they describe.</returns>
    /// <exception cref="ModelFormatException">The folder has no config.json, or it cannot be used.</exception>
    public static PaliGemmaConfig ReadConfig(string directory)
    {
        CheckpointFolder.RequireModel(directory);
        string path = Path.Combine(directory, CheckpointFolder.ConfigName);
        PaliGemmaConfig config = ReadConfig(directory, CheckpointFolder.ReadSmall(path), path);
        string generation = Path.Combine(directory, CheckpointFolder.GenerationName);
        return File.Exists(generation)
            ? ConfigReader.WithGeneration(config, CheckpointFolder.ReadSmall(generation), generation)
            : config;
    }

    // What is wrong with the file is seldom of use where the whole folder is another program's.
    private static PaliGemmaConfig ReadConfig(string directory, byte[] json, string path)
    {
        try
        {
            return ConfigReader.Read(json, path);
        }
        catch (ModelFormatException e)
            when (!ConfigReader.NamesOther(json, path) && CheckpointFolder.OtherProgram(directory) is { } other)
        {
            throw new ModelFormatException($"{e.Message.TrimEnd('.')}; beside it is {other}.", e);
        }
    }

    /// <summary>A weight for a backend to load: a matrix <c>[first dimension, product of the rest]</c>, or a vector as one row.</summary>
    /// <param name="canonicalName">A name of <see cref="Tensors"/>.</param>
    /// <returns>The weight, valid while this checkpoint is open.</returns>
    /// <exception cref="ArgumentException">There is no weight of that name.</exception>
    public WeightData Weight(string canonicalName)
    {
        if (!Tensors.TryGetValue(canonicalName, out CheckpointTensor? tensor))
            throw new ArgumentException($"{Directory} has no weight '{canonicalName}'.", nameof(canonicalName));
        // A closed file's addresses must not reach a kernel.
        ObjectDisposedException.ThrowIf(tensor.File.IsClosed, this);
        int rows = tensor.Shape.Length > 1 ? checked((int)tensor.Shape[0]) : 1;
        long elements = tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension);
        int columns = checked((int)(elements / rows));
        return tensor.Nf4 is { } nf4
            ? new WeightData(canonicalName, tensor.DType, rows, columns, tensor.Pointer, this, nf4.Pointer(), nf4.ValueType)
            : new WeightData(canonicalName, tensor.DType, rows, columns, tensor.Pointer, this, tensor.ScalesPointer);
    }

    /// <summary>
    /// Identifies a model without reading gigabytes: a hash of the small files (configuration, tokenizer, preprocessing), of every weight's
    /// name, format and shape, and of the first and last page of each weight.
    /// </summary>
    /// <returns>64 hexadecimal digits, the same wherever the folder is.</returns>
    public string Fingerprint() => CheckpointFingerprint.Of(this);

    /// <summary>Throws if a file was written to since it was opened.</summary>
    /// <exception cref="ModelFormatException">A file was written to.</exception>
    internal void RequireUnchanged()
    {
        foreach (SafetensorsFile file in files) file.RequireUnchanged();
    }

    /// <summary>Unmaps all files. Every weight handed out becomes invalid.</summary>
    public void Dispose()
    {
        foreach (CheckpointTensor tensor in Tensors.Values) tensor.Nf4?.Dispose();
        foreach (SafetensorsFile file in files) file.Dispose();
    }

    private bool HeadDiffers()
    {
        if (!Tensors.TryGetValue(TensorNames.Head, out CheckpointTensor? head)) return false;
        CheckpointTensor embedding = Tensors[TensorNames.Embedding];
        if (head.DType != embedding.DType) return true;
        ObjectDisposedException.ThrowIf(head.File.IsClosed, this);
        // The integers alone are not enough: a head that is a multiple of the table has the same integers.
        WeightData ours = Weight(head.Name), theirs = Weight(embedding.Name);
        return Differ(ours.Data, theirs.Data, head.ByteLength) || Differ(ours.Scales, theirs.Scales, ours.ByteLength - head.ByteLength);
    }

    private static bool Differ(nint ours, nint theirs, long bytes)
    {
        // A different head differs nearly everywhere. So one page in 256 is enough for a large head, and opening takes milliseconds.
        const int Page = 4096, Large = 64 << 20;
        int stride = bytes > Large ? 256 * Page : Page;
        for (long at = 0; at < bytes; at += stride)
        {
            int length = (int)Math.Min(Page, bytes - at);
            ReadOnlySpan<byte> ourPage = new((byte*)ours + at, length), theirPage = new((byte*)theirs + at, length);
            if (!ourPage.SequenceEqual(theirPage)) return true;
        }

        return false;
    }
}
