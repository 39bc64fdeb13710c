using VlmSharp.Training.Distributed;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>One of two processes, the other of which adds nothing and sends zeros.</summary>
/// <param name="rank">This one.</param>
internal sealed class FakeGroup(int rank = 0) : IProcessGroup
{
    public int Rank => rank;

    public int Size => 2;

    /// <summary>Called with the number of each sum, from 0, and its values: may change them, or fail.</summary>
    public Action<int, Memory<double>> OnSum { get; set; } = (_, _) => { };

    /// <summary>How many sums there were.</summary>
    public int Sums { get; private set; }

    public void Sum(Span<float> values) { }

    public void Sum(Span<double> values)
    {
        double[] copy = values.ToArray();
        OnSum(Sums++, copy);
        copy.CopyTo(values);
    }

    public void Broadcast(Span<float> values, int root)
    {
        if (root != Rank) values.Clear();
    }

    public void Barrier() { }

    public void Abort(int exitCode) => throw new InvalidOperationException();

    public void Dispose() { }
}
