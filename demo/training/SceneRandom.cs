using VlmSharp.Compute.Sampling;

namespace VlmSharp.Scenes;

/// <summary>
/// The random numbers of one scene. They depend only on the seed and the number of the scene, so any scene can be drawn alone.
/// </summary>
internal sealed class SceneRandom(long seed, long scene)
{
    private long position = scene << 28; // no scene uses so many numbers

    /// <summary>A number in [0, 1).</summary>
    public double Next() => CounterRandom.Uniform(seed, position++);

    /// <summary>A number in [from, to).</summary>
    public double Next(double from, double to) => from + (to - from) * Next();

    /// <summary>A whole number from 0 to n - 1.</summary>
    public int Below(int n) => (int)(Next() * n);

    /// <summary>One of a list.</summary>
    public T Of<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    /// <summary>An approximately normal number with standard deviation 1: a sum of uniform numbers.</summary>
    public double Normal() => (Next() + Next() + Next() + Next() - 2) * Math.Sqrt(3);
}
