using VlmSharp.Fuzz.Tests.Mutating;

namespace VlmSharp.Fuzz.Tests;

/// <summary>A file that mutations start from.</summary>
internal sealed record Seed(string Name, byte[] Bytes);

/// <summary>A kind of input, and what may happen to a damaged one: it is rejected with one type of exception, or it is used to its end.</summary>
internal abstract class FuzzTarget : IDisposable
{
    /// <summary>What messages must call the input.</summary>
    public const string FileName = "hostile-file";

    private readonly Lazy<IReadOnlyList<Seed>> seeds;
    private readonly Lazy<DirectoryInfo> folder = new(() => Directory.CreateTempSubdirectory("vlmsharp-fuzz-"));

    protected FuzzTarget() => seeds = new(() => [.. MakeSeeds()]);

    /// <summary>The format's name in tables and switches.</summary>
    public abstract string Name { get; }

    /// <summary>The one exception that says no.</summary>
    public abstract Type Rejection { get; }

    /// <summary>Whether no input is an error.</summary>
    public virtual bool AcceptsAll => false;

    /// <summary>Most bytes that one input may allocate, all of them together, whether freed or not.</summary>
    public abstract long MostAllocation(int inputBytes);

    /// <summary>The files to start from, small ones.</summary>
    protected abstract IEnumerable<Seed> MakeSeeds();

    /// <summary>Changes with knowledge of the format; null where there is none.</summary>
    protected virtual Func<byte[], Random, byte[], byte[]>? Structured => null;

    /// <summary>Reads the input and makes use of all that was read.</summary>
    /// <param name="bytes">The input.</param>
    /// <returns>Whether it was accepted; a rejection may also be an exception of type <see cref="Rejection"/>.</returns>
    public abstract bool Use(byte[] bytes);

    /// <summary>Uses every seed once: what is made at the first use of anything is no input's doing.</summary>
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
                // Seeds of kinds that are refused are mutated too.
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

    /// <summary>Removes what was written to disk.</summary>
    public void Dispose()
    {
        if (folder.IsValueCreated) folder.Value.Delete(recursive: true);
    }

    /// <summary>A folder of this target's own.</summary>
    protected string Folder => folder.Value.FullName;

    /// <summary>Writes the input where a reader that takes a path finds it.</summary>
    protected string Write(byte[] bytes, string name = FileName)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Structured changes of JSON.</summary>
    protected static byte[] MutateJson(byte[] bytes, Random random, byte[] other) => JsonMutator.Mutate(bytes, random);
}
