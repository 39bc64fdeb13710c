using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Training.Data;

/// <summary>Collects what a reader finds: examples, which it counts and hashes, bad parts, and what is left out on purpose.</summary>
/// <param name="root">The folder that relative paths are joined to.</param>
/// <param name="skipBad">Whether a bad part is recorded; otherwise it is an error.</param>
internal sealed class ExampleCollector(string root, bool skipBad) : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SortedDictionary<string, long> leftOut = new(StringComparer.Ordinal);
    private readonly List<DataFault> faults = [];

    /// <summary>The folder that relative paths are joined to.</summary>
    public string Root => root;

    /// <summary>Examples so far.</summary>
    public int Count { get; private set; }

    /// <summary>The first of the bad parts.</summary>
    public IReadOnlyList<DataFault> Faults => faults;

    /// <summary>Bad parts in all.</summary>
    public long FaultCount { get; private set; }

    /// <summary>What was left out on purpose, and how often.</summary>
    public IReadOnlyDictionary<string, long> LeftOut => leftOut;

    /// <summary>Counts an example and adds it to the fingerprint.</summary>
    /// <exception cref="TrainingDataException">There are too many.</exception>
    public void Add(TrainingExample example)
    {
        if (Count == DataLimits.Examples)
            throw new TrainingDataException($"{example.File} has more than {DataLimits.Examples} examples: split it.");
        Count++;
        Hash(example.Images.Count);
        foreach (string image in example.Images) Hash(Relative(image));
        Hash(example.Prefix);
        Hash(example.Suffixes.Count);
        foreach (string suffix in example.Suffixes) Hash(suffix);
    }

    /// <summary>Notes a bad part.</summary>
    /// <exception cref="TrainingDataException">Bad parts are errors.</exception>
    public void Fault(string where, string what)
    {
        var fault = new DataFault(where, what);
        if (!skipBad) throw new TrainingDataException(fault.ToString());
        FaultCount++;
        if (faults.Count < DataLimits.Faults) faults.Add(fault);
    }

    /// <summary>Counts what is left out on purpose.</summary>
    public void LeaveOut(string what, long count = 1) => leftOut[what] = leftOut.GetValueOrDefault(what) + count;

    /// <summary>
    /// SHA-256 of the examples in their order: picture names, prefixes and suffixes. The location of the folder is not part of it.
    /// </summary>
    public string Fingerprint() => Convert.ToHexStringLower(hash.GetCurrentHash());

    public void Dispose() => hash.Dispose();

    private string Relative(string image) =>
        root.Length > 0 && image.Length > root.Length && image.StartsWith(root, StringComparison.Ordinal)
            ? image[root.Length..].TrimStart('/', '\\')
            : image;

    private void Hash(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Hash(bytes.Length); // so that "ab", "c" is not "a", "bc"
        hash.AppendData(bytes);
    }

    private void Hash(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
