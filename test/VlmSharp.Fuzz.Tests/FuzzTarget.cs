using VlmSharp.Fuzz.Tests.Mutating;

namespace VlmSharp.Fuzz.Tests;

/// <summary>A valid file from which mutations start.</summary>
internal sealed record Seed(string Name, byte[] Bytes);

/// <summary>
/// A kind of input. A damaged one must be rejected with one type of exception or be used completely.
/// </summary>
internal abstract class FuzzTarget : IDisposable
{
    /// <summary>The name of the input that messages must contain.</summary>
    public const string FileName = "hostile-file";

    private readonly Lazy<IReadOnlyList<Seed>> seeds;
    private readonly Lazy<DirectoryInfo> folder = new(() => Directory.CreateTempSubdirectory("vlmsharp-fuzz-"));

    protected FuzzTarget() => seeds = new(() => [.. MakeSeeds()]);

    /// <summary>The format's name in tables and switches.</summary>
    public abstract string Name { get; }

    /// <summary>The only exception that may reject an input.</summary>
    public abstract Type Rejection { get; }

    /// <summary>Whether every input must be accepted.</summary>
    public virtual bool AcceptsAll => false;

    /// <summary>The most bytes that one input may allocate in total, whether freed or not.</summary>
    public abstract long MostAllocation(int inputBytes);

    /// <summary>The small files to start from.</summary>
    protected abstract IEnumerable<Seed> MakeSeeds();

    /// <summary>A mutator that knows the format, or null.</summary>
    protected virtual Func<byte[], Random, byte[], byte[]>? Structured => null;

    /// <summary>Reads the input and uses everything that was read.</summary>
    /// <param name="bytes">A seed, as it is or with faults.</param>
    /// <returns>Whether it was accepted; a rejection may also be an exception of type <see cref="Rejection"/>.</returns>
    public abstract bool Use(byte[] bytes);

    /// <summary>Uses every seed once, so that memory for first uses is not charged to an input.</summary>
    public void Prepare()
    {
        foreach (Seed seed in seeds.Value)
        {
            try
            {
                Use(seed.Bytes);
            }
            catch (VlmSharpException)
            {
                // Seeds that are refused are mutated too.
            }
        }
    }

    /// <summary>The input of an iteration: the same on every machine and in every run.</summary>
    public (string Seed, byte[] Bytes) Input(long iteration)
    {
        uint hash = 2166136261;
        foreach (char c in $"{Name}:{iteration}") hash = (hash ^ c) * 16777619;
        var random = new Random((int)hash);
        Seed seed = seeds.Value[random.Next(seeds.Value.Count)], other = seeds.Value[random.Next(seeds.Value.Count)];
        byte[] bytes = seed.Bytes;
        bool structured = Structured is not null && random.Next(3) != 0;
        if (structured) bytes = Structured!(bytes, random, other.Bytes);
        if (!structured || random.Next(8) == 0) bytes = ByteMutator.Mutate(bytes, random, other.Bytes);
        return (seed.Name, bytes);
    }

    /// <summary>Removes the files on disk.</summary>
    public void Dispose()
    {
        if (folder.IsValueCreated) folder.Value.Delete(recursive: true);
    }

    /// <summary>A folder for this target alone.</summary>
    protected string Folder => folder.Value.FullName;

    /// <summary>Writes the input to a file, for readers that take a path.</summary>
    protected string Write(byte[] bytes, string name = FileName)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Structured changes of JSON.</summary>
    protected static byte[] MutateJson(byte[] bytes, Random random, byte[] other) => JsonMutator.Mutate(bytes, random);
}
