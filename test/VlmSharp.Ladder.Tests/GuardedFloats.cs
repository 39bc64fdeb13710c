namespace VlmSharp.Ladder.Tests;

/// <summary>
/// Floats with NaN before and after them: a read past the end puts NaN into a result, and a write there is detected.
/// </summary>
internal sealed unsafe class GuardedFloats : IDisposable
{
    private const int Guard = 64;

    private readonly Scratch memory;

    public GuardedFloats(int count)
    {
        Count = count;
        memory = new Scratch(count + 2 * Guard);
        new Span<float>(memory.Floats, count + 2 * Guard).Fill(float.NaN);
    }

    public GuardedFloats(float[] values) : this(values.Length) => values.CopyTo(Span);

    public int Count { get; }

    public float* Floats => memory.Floats + Guard;

    public Span<float> Span => new(Floats, Count);

    /// <summary>Whether nothing was written before or after the numbers.</summary>
    public bool IsIntact
    {
        get
        {
            for (int i = 0; i < Guard; i++)
                if (!float.IsNaN(memory.Floats[i]) || !float.IsNaN(Floats[Count + i])) return false;
            return true;
        }
    }

    public void Dispose() => memory.Dispose();

    /// <summary>Numbers from -1 to 1, the same in every run.</summary>
    public static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
    }
}
