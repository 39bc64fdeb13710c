using System.IO.Pipelines;

namespace VlmSharp.Hub;

/// <summary>
/// A part of a file during its download. The download writes into its pipe, at most a part's length ahead of the code that appends.
/// </summary>
internal sealed class FilePart
{
    private readonly Pipe pipe;
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly long? whole;

    /// <summary>Creates a part.</summary>
    /// <param name="from">Offset of its first byte.</param>
    /// <param name="to">Offset after its last byte.</param>
    /// <param name="mostAhead">Maximum number of bytes that wait to be appended.</param>
    /// <param name="whole">For the first part, the end of the file: the part extends to it if the server sends the whole file.</param>
    public FilePart(long from, long to, int mostAhead, long? whole)
    {
        (From, To, this.whole) = (from, to, whole);
        pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: mostAhead, resumeWriterThreshold: mostAhead / 2, useSynchronizationContext: false));
    }

    /// <summary>Offset of its first byte.</summary>
    public long From { get; }

    /// <summary>Offset after its last byte.</summary>
    public long To { get; private set; }

    public PipeWriter Writer => pipe.Writer;

    public PipeReader Reader => pipe.Reader;

    /// <summary>Completes when the first response has arrived, or when none will.</summary>
    public Task Opened => opened.Task;

    /// <summary>The download of the part; throws its errors.</summary>
    public Task Fetching { get; set; } = Task.CompletedTask;

    /// <summary>Called when the first response has arrived.</summary>
    /// <param name="isWhole">Whether it is the whole file, because the server does not support ranges.</param>
    public void Open(bool isWhole)
    {
        if (opened.Task.IsCompleted) return;
        if (isWhole && whole is { } end) To = end;
        opened.SetResult();
    }

    /// <summary>Called when no more bytes will arrive.</summary>
    public void Close()
    {
        pipe.Writer.Complete();
        opened.TrySetResult();
    }
}
