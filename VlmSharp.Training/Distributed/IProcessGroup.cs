namespace VlmSharp.Training.Distributed;

/// <summary>
/// The processes that train one model together, each on its share of every step's examples. All of them make the same calls in the same
/// order; each call returns when this process has its result.
/// </summary>
public interface IProcessGroup : IDisposable
{
    /// <summary>This process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>Adds numbers up over all processes. The same number of processes gives the same bits each time, on each of them.</summary>
    /// <param name="values">This process's; becomes the sums.</param>
    /// <exception cref="ProcessGroupException">Another process is gone.</exception>
    void Sum(Span<float> values);

    /// <inheritdoc cref="Sum(Span{float})"/>
    void Sum(Span<double> values);

    /// <summary>Copies numbers from one process to all.</summary>
    /// <param name="values">Of the root: what to send; of the others: where it goes.</param>
    /// <param name="root">The process that sends.</param>
    /// <exception cref="ProcessGroupException">Another process is gone.</exception>
    void Broadcast(Span<float> values, int root);

    /// <summary>Waits until all processes are here.</summary>
    void Barrier();

    /// <summary>Ends all processes at once, without a clean end: for one that cannot go on while others wait for it.</summary>
    /// <param name="exitCode">What they end with.</param>
    void Abort(int exitCode);
}

/// <summary>Work that is spread over processes cannot go on.</summary>
/// <param name="message">What happened, and what to do.</param>
/// <param name="inner">What it comes from, or null.</param>
public sealed class ProcessGroupException(string message, Exception? inner = null) : VlmSharpException(message, inner);
