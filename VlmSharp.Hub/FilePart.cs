using System.IO.Pipelines;

namespace VlmSharp.Hub;

/// <summary>A part of a file that is on its way: who fetches writes into its pipe, ahead of who appends by no more than a part's length.</summary>
internal sealed class FilePart
{
    private readonly Pipe pipe;
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly long? whole;

    /// <summary>Makes a part.</summary>
    /// <param name="from">Its first byte's place.</param>
    /// <param name="to">The place behind its last byte.</param>
    /// <param name="mostAhead">Bytes that may wait to be appended.</param>
    /// <param name="whole">Of the first part the file's end, to which it goes on where the server sends the whole file.</param>
    public FilePart(long from, long to, int mostAhead, long? whole)
    {
        (From, To, this.whole) = (from, to, whole);
        pipe = new Pipe(new PipeOptions(pauseWriterThreshold: mostAhead, resumeWriterThreshold: mostAhead / 2, useSynchronizationContext: false));
    }

    /// <summary>Its first byte's place.</summary>
    public long From { get; }

    /// <summary>The place behind its last byte.</summary>
    public long To { get; private set; }

    public PipeWriter Writer => pipe.Writer;

    public PipeReader Reader => pipe.Reader;

    /// <summary>Ends when the first answer has come, or when none will.</summary>
    public Task Opened => opened.Task;

    /// <summary>Who fetches; throws what it met.</summary>
    public Task Fetching { get; set; } = Task.CompletedTask;

    /// <summary>The first answer has come.</summary>
    /// <param name="isWhole">Whether it is the whole file, of a server that knows no ranges.</param>
    public void Open(bool isWhole)
    {
        if (opened.Task.IsCompleted) return;
        if (isWhole && whole is { } end) To = end;
        opened.SetResult();
    }

    /// <summary>Nothing more comes.</summary>
    public void Close()
    {
        pipe.Writer.Complete();
        opened.TrySetResult();
    }
}
