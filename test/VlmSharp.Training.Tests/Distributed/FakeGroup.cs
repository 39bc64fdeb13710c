using VlmSharp.Training.Distributed;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>One of two processes. The other one contributes zeros to every sum.</summary>
/// <param name="rank">The rank of this process.</param>
internal sealed class FakeGroup(int rank = 0) : IProcessGroup
{
    public int Rank => rank;

    public int Size => 2;

    /// <summary>Called with the number of each sum, from 0, and its values. It may change them or fail.</summary>
    public Action<int, Memory<double>> OnSum { get; set; } = (_, _) => { };

    /// <summary>The number of sums so far.</summary>
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
