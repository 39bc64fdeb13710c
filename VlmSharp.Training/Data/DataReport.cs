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

    /// <summary>Examples whose pictures are all there and can be read: what a training that skips bad examples learns from.</summary>
    public int Usable { get; internal set; }

    /// <summary>Different picture files.</summary>
    public int Pictures { get; internal set; }

    /// <summary>What was left out on purpose, and how often.</summary>
    public IReadOnlyDictionary<string, long> LeftOut { get; }

    /// <summary>Lines or entries that are no examples.</summary>
    public Findings BadLines { get; } = new();

    /// <summary>How many these are, those beyond the first thousand too.</summary>
    public long BadLineCount { get; }

    /// <summary>Picture files that are not there.</summary>
    public Findings MissingPictures { get; } = new();

    /// <summary>Picture files that cannot be read.</summary>
    public Findings DamagedPictures { get; } = new();

    /// <summary>
    /// Pictures whose EXIF orientation turns or mirrors them: they are turned upright, and boxes drawn in a tool that did not do so are
    /// in other places.
    /// </summary>
    public Findings RotatedPictures { get; } = new();

    /// <summary>Pictures whose upright size is not the one that the data file states, so that boxes may be in other places.</summary>
    public Findings OtherSizes { get; } = new();

    /// <summary>Examples that ask nothing; allowed.</summary>
    public Findings EmptyPrefixes { get; } = new();

    /// <summary>Examples with an answer without text: they teach to say nothing.</summary>
    public Findings EmptySuffixes { get; } = new();

    /// <summary>Examples with the same pictures, question and answers as one before them.</summary>
    public Findings Duplicates { get; } = new();

    /// <summary>Examples whose id is that of one before them.</summary>
    public Findings DuplicateIds { get; } = new();

    /// <summary>Examples with a text longer than <see cref="TextLength"/>.</summary>
    public Findings OverLong { get; } = new();

    /// <summary>The limit of a text in tokens, or null where none was given.</summary>
    public int? TextLength { get; }

    /// <summary>What lengths are counted in: tokens where the model is known, else characters.</summary>
    public string LengthUnit { get; }

    /// <summary>Lengths of question and answer together.</summary>
    public LengthCounts TextLengths { get; } = new();

    /// <summary>Lengths of answers.</summary>
    public LengthCounts SuffixLengths { get; } = new();

    /// <summary>Questions.</summary>
    public ValueCounts Prefixes { get; } = new();

    /// <summary>Answers, all references.</summary>
    public ValueCounts Suffixes { get; } = new();

    /// <summary>The names of things with boxes in answers.</summary>
    public ValueCounts Classes { get; } = new();

    /// <summary>Whether training with these data as they are would fail: bad lines, pictures that are missing or damaged, or no example.</summary>
    public bool IsBad => Examples == 0 || BadLineCount > 0 || MissingPictures.Count > 0 || DamagedPictures.Count > 0;
}
