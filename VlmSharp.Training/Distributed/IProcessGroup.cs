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

    /// <summary>Sums numbers over all processes. The same number of processes gives the same bits each time, on every process.</summary>
    /// <param name="values">This process's values; replaced by the sums.</param>
    /// <exception cref="ProcessGroupException">Another process is gone.</exception>
    void Sum(Span<float> values);

    /// <inheritdoc cref="Sum(Span{float})"/>
    void Sum(Span<double> values);

    /// <summary>Copies numbers from one process to all.</summary>
    /// <param name="values">On the root: what to send; on the others: the destination.</param>
    /// <param name="root">The process that sends.</param>
    /// <exception cref="ProcessGroupException">Another process is gone.</exception>
    void Broadcast(Span<float> values, int root);

    /// <summary>Waits until all processes are here.</summary>
    void Barrier();

    /// <summary>Ends all processes at once, without cleanup: for a process that cannot continue while others wait for it.</summary>
    /// <param name="exitCode">The exit code of all processes.</param>
    void Abort(int exitCode);
}

/// <summary>Work that is spread over processes cannot go on.</summary>
/// <param name="message">What happened, and what to do.</param>
/// <param name="inner">What it comes from, or null.</param>
public sealed class ProcessGroupException(string message, Exception? inner = null) : VlmSharpException(message, inner);
