namespace VlmSharp.Training.Data;

/// <summary>What <see cref="DataValidator"/> found in a dataset.</summary>
public sealed class DataReport
{
    internal DataReport(TrainingData data, int? textLength, string lengthUnit)
    {
        (Path, Format, Examples, Fingerprint) = (data.Path, data.Format, data.Count, data.Fingerprint);
        (LeftOut, TextLength, LengthUnit) = (data.LeftOut, textLength, lengthUnit);
        foreach (DataFault fault in data.Faults) BadLines.Add(fault.ToString());
        BadLineCount = data.FaultCount;
    }

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>Its form.</summary>
    public DataFormat Format { get; }

    /// <summary>Examples that can be read, whatever their pictures are.</summary>
    public int Examples { get; }

    /// <summary>The data's fingerprint.</summary>
    public string Fingerprint { get; }

    /// <summary>Examples whose pictures all exist and can be read: a training run that skips bad examples learns from these.</summary>
    public int Usable { get; internal set; }

    /// <summary>Different picture files.</summary>
    public int Pictures { get; internal set; }

    /// <summary>What was left out on purpose, and how often.</summary>
    public IReadOnlyDictionary<string, long> LeftOut { get; }

    /// <summary>Lines or entries that are no examples.</summary>
    public Findings BadLines { get; } = new();

    /// <summary>The number of bad lines, including those beyond the first thousand.</summary>
    public long BadLineCount { get; }

    /// <summary>Picture files that are not there.</summary>
    public Findings MissingPictures { get; } = new();

    /// <summary>Picture files that cannot be read.</summary>
    public Findings DamagedPictures { get; } = new();

    /// <summary>
    /// Pictures whose EXIF orientation rotates or mirrors them. They are turned upright, so boxes that were drawn in a tool that ignores
    /// the orientation are in the wrong places.
    /// </summary>
    public Findings RotatedPictures { get; } = new();

    /// <summary>Pictures whose upright size differs from the size in the data file, so that boxes may be in the wrong places.</summary>
    public Findings OtherSizes { get; } = new();

    /// <summary>Examples with an empty prompt; allowed.</summary>
    public Findings EmptyPrefixes { get; } = new();

    /// <summary>Examples with an empty answer: they teach the model to say nothing.</summary>
    public Findings EmptySuffixes { get; } = new();

    /// <summary>Examples with the same pictures, question and answers as an earlier one.</summary>
    public Findings Duplicates { get; } = new();

    /// <summary>Examples with the same id as an earlier one.</summary>
    public Findings DuplicateIds { get; } = new();

    /// <summary>Examples with a text longer than <see cref="TextLength"/>.</summary>
    public Findings OverLong { get; } = new();

    /// <summary>The limit of a text in tokens, or null where none was given.</summary>
    public int? TextLength { get; }

    /// <summary>The unit of lengths: tokens if the model is known, otherwise characters.</summary>
    public string LengthUnit { get; }

    /// <summary>Lengths of question and answer together.</summary>
    public LengthCounts TextLengths { get; } = new();

    /// <summary>Lengths of answers.</summary>
    public LengthCounts SuffixLengths { get; } = new();

    /// <summary>Questions by their text, and how many examples ask each.</summary>
    public ValueCounts Prefixes { get; } = new();

    /// <summary>Answers, all references.</summary>
    public ValueCounts Suffixes { get; } = new();

    /// <summary>The names of things with boxes in answers.</summary>
    public ValueCounts Classes { get; } = new();

    /// <summary>
    /// Whether training with the data as they are would fail: there are bad lines, missing or damaged pictures, or no examples.
    /// </summary>
    public bool IsBad => Examples == 0 || BadLineCount > 0 || MissingPictures.Count > 0 || DamagedPictures.Count > 0;
}
