using System.Security.Cryptography;
using System.Text;
using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// All the work of a batch, in order: pictures in folders, lines of manifests (JSONL, or plain lists of paths), lines of standard input,
/// single pictures. Manifests are read while the work proceeds, never as a whole.
/// </summary>
internal sealed class WorkList
{
    private readonly SkippedFiles skipped = new();
    private readonly List<WorkSource> sources;

    /// <summary>Number of items.</summary>
    public long Count { get; private set; }

    /// <summary>
    /// SHA-256 of all lines, in hexadecimal: lists with the same hash name the same work. The location of a folder does not count, so
    /// machines may have it in different places.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>
    /// SHA-256 of the sizes of the pictures in folders, in order: different cameras may both have a 0001.jpg. Null without such pictures.
    /// </summary>
    public string? PicturesFingerprint { get; }

    /// <summary>Whether any line is an object, which may itself say what to do.</summary>
    public bool HasObjects { get; private set; }

    /// <summary>Number of skipped files in the folders, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped => skipped.Counts;

    /// <summary>Reads all inputs once.</summary>
    /// <param name="inputs">Folders, manifests, pictures, - for standard input.</param>
    /// <param name="standardInput">Standard input, read to its end if an input names it.</param>
    /// <exception cref="IOException">An input does not exist or cannot be read.</exception>
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
    /// <param name="first">Index of the first item.</param>
    /// <param name="step">Distance to the next item.</param>
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
