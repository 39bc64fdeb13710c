using System.Security.Cryptography;
using System.Text;
using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// Everything that a batch has to do, in order: pictures in folders, lines of manifests (JSONL, or plain lists of paths),
/// lines of standard input, single pictures. A manifest is read as the work goes on, never whole.
/// </summary>
internal sealed class WorkList
{
    private readonly SkippedFiles skipped = new();
    private readonly List<WorkSource> sources;

    /// <summary>Items in all.</summary>
    public long Count { get; private set; }

    /// <summary>
    /// SHA-256 of all lines, in hexadecimal: two lists with the same one name the same work. Where a folder lies does not count, so that
    /// machines may have it in different places.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>
    /// SHA-256 of the sizes of the pictures in folders, in their order: two cameras both have a 0001.jpg. Null without any.
    /// </summary>
    public string? PicturesFingerprint { get; }

    /// <summary>Whether any line is an object, which may say by itself what to do.</summary>
    public bool HasObjects { get; private set; }

    /// <summary>How many files of the folders are not tried, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped => skipped.Counts;

    /// <summary>Looks at all inputs once.</summary>
    /// <param name="inputs">Folders, manifests, pictures, - for standard input.</param>
    /// <param name="standardInput">Standard input, read to its end when asked for.</param>
    /// <exception cref="IOException">An input is not there or cannot be read.</exception>
    public WorkList(IReadOnlyList<string> inputs, PipedInput standardInput)
    {
        var opener = new WorkSources(standardInput, skipped);
        sources = [.. inputs.Select(opener.Open)];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256),
            sizes = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (line, source) in Lines())
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{line}\n"));
            if (source.SizeOf is { } sizeOf) sizes.AppendData(Encoding.UTF8.GetBytes($"{sizeOf(line)}\n"));
            HasObjects |= !source.ArePictures && WorkItem.IsObject(line);
            Count++;
        }

        if (Count == 0) throw new IOException($"{string.Join(", ", inputs)}: there is nothing to do; every line is blank.");
        Fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (sources.Any(source => source.SizeOf is not null)) PicturesFingerprint = Convert.ToHexStringLower(sizes.GetHashAndReset());
    }

    /// <summary>Some of the items, in order.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="step">Distance to the next.</param>
    public IEnumerable<WorkItem> Items(long first, long step)
    {
        long index = 0;
        foreach (var (line, source) in Lines())
        {
            if (index >= first && (index - first) % step == 0) yield return source.Item(line, index);
            index++;
        }
    }

    private IEnumerable<(string Line, WorkSource Source)> Lines()
    {
        foreach (WorkSource source in sources)
            foreach (string line in source.Lines())
                if ((source.ArePictures ? line : line.Trim()) is { Length: > 0 } item) yield return (item, source);
    }
}
