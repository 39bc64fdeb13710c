namespace VlmSharp.Training.Data;

/// <summary>
/// The examples of a data file or folder. Of JSONL only the places of lines are in memory, of other formats the texts; pictures are
/// read when they are visited (<see cref="ExampleStream"/>). May be used by several threads.
/// </summary>
public sealed class TrainingData : IDisposable
{
    private readonly IReadOnlyList<TrainingExample> examples;

    private TrainingData(string path, DataFormat format, IReadOnlyList<TrainingExample> examples, ExampleCollector found)
    {
        (Path, Format, this.examples) = (path, format, examples);
        (Faults, FaultCount, LeftOut, Fingerprint) = (found.Faults, found.FaultCount, found.LeftOut, found.Fingerprint());
    }

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>Its form, as it was given or found out.</summary>
    public DataFormat Format { get; }

    /// <summary>How many examples there are.</summary>
    public int Count => examples.Count;

    /// <summary>The bad parts that were skipped, the first thousand of them.</summary>
    public IReadOnlyList<DataFault> Faults { get; }

    /// <summary>How many bad parts were skipped.</summary>
    public long FaultCount { get; }

    /// <summary>What was left out on purpose and how often, such as crowds and pictures without a box.</summary>
    public IReadOnlyDictionary<string, long> LeftOut { get; }

    /// <summary>
    /// SHA-256 over the examples in their order, in 64 hexadecimal digits: pictures' names, prefixes and suffixes. The same data give the
    /// same one wherever their folder lies; the bytes of the pictures are not in it.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>An example.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1, in the order of the file.</param>
    /// <exception cref="TrainingDataException">The file was changed or cannot be read any more.</exception>
    public TrainingExample this[int index] => examples[index];

    /// <summary>Opens data and reads all examples once, without their pictures.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="options">How it is read; the defaults when null.</param>
    /// <returns>The data, with at least one example.</returns>
    /// <exception cref="TrainingDataException">
    /// They cannot be read, a line is bad and bad lines are not skipped, or no example is left.
    /// </exception>
    public static TrainingData Open(string path, DataOptions? options = null)
    {
        TrainingData data = Read(path, options);
        if (data.Count > 0) return data;
        data.Dispose();
        string first = data.Faults.Count > 0 ? $" The first bad line: {data.Faults[0]}" : "";
        throw new TrainingDataException($"{path} has no example that can be used.{first}");
    }

    /// <summary>As <see cref="Open"/>, but there may be no example.</summary>
    internal static TrainingData Read(string path, DataOptions? options)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new DataOptions();
        DataFormat format = options.Format ?? FormatDetector.Detect(path);
        if (DataFormats.IsFolder(format) != Directory.Exists(path) && (File.Exists(path) || Directory.Exists(path)))
            throw new TrainingDataException(
                $"{path} is a {(Directory.Exists(path) ? "folder" : "file")}, which cannot be of the form {DataFormats.NameOf(format)}.");
        if (options.Format is not null && File.Exists(path)) FormatDetector.RequireExamples(path);
        string root = Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(path) ?? "";
        using var found = new ExampleCollector(root, options.SkipBad);
        IReadOnlyList<TrainingExample> examples = format switch
        {
            DataFormat.Vqa => VqaReader.Read(path, options, found),
            DataFormat.CocoCaptions => CocoCaptionsReader.Read(path, options, found),
            DataFormat.CocoInstances => CocoInstancesReader.Read(path, options, found),
            DataFormat.TextFolder => FolderReader.ReadTexts(path, options, found),
            DataFormat.LabelFolder => FolderReader.ReadLabels(path, options, found),
            _ => new JsonlExamples(path, format, options.Prefix, found),
        };
        return new TrainingData(path, format, examples, found);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => (examples as IDisposable)?.Dispose();
}
