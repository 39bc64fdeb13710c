using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;

namespace VlmSharp.Server.Observing;

/// <summary>
/// One JSON line per request. Lines go through a bounded queue to a separate thread: answers never wait for the log, so a stalled reader, a
/// full disk or a closed stream loses lines, never answers. Lost lines are counted, and the next line written after a full queue says how
/// many there were.
/// </summary>
internal sealed class RequestLog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2); // for what is queued at the end, on a reader that may stand still

    private readonly RequestLogOptions options;
    private readonly Channel<(RequestRecord Record, DateTimeOffset Time)> lines;
    private readonly Thread? writer;
    private readonly TimeProvider clock;
    private long dropped, refused; // lines: the queue was full, the stream would not have them
    private long told; // of those that were dropped, those that the log tells of

    /// <summary>Starts the thread that writes the lines; without an output there is none, and lines are not kept.</summary>
    public RequestLog(RequestLogOptions options, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Capacity);
        (this.options, this.clock) = (options, clock ?? TimeProvider.System);
        lines = Channel.CreateBounded<(RequestRecord, DateTimeOffset)>(new BoundedChannelOptions(options.Capacity) { SingleReader = true });
        if (options.Output is null) return;
        writer = new Thread(Run) { IsBackground = true, Name = "VlmSharp request log" };
        writer.UnsafeStart();
    }

    /// <summary>Whether prompts and answers are written.</summary>
    public bool IncludesContent => options.IncludeContent;

    /// <summary>Lost lines: the queue was full, or the stream refused them.</summary>
    public long Lost => Volatile.Read(ref dropped) + Volatile.Read(ref refused);

    /// <summary>Queues a request's line. Never waits, never fails.</summary>
    /// <param name="record">The request, which has ended.</param>
    public void Write(RequestRecord record)
    {
        if (writer is not null && !lines.Writer.TryWrite((record, clock.GetUtcNow()))) Interlocked.Increment(ref dropped);
    }

    private void Run()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        while (lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (lines.Reader.TryRead(out (RequestRecord Record, DateTimeOffset Time) line))
            {
                TellDropped(json, buffer, line.Time);
                RequestLine.Write(json, line.Record, line.Time);
                if (!End(json, buffer)) Interlocked.Increment(ref refused);
            }
        }
    }

    /// <summary>Says how many lines are missing here.</summary>
    private void TellDropped(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer, DateTimeOffset time)
    {
        long now = Volatile.Read(ref dropped);
        if (now == told) return;
        json.WriteStartObject();
        json.WriteString("time", time.UtcDateTime);
        json.WriteNumber("lost_lines", now - told);
        json.WriteEndObject();
        if (End(json, buffer)) told = now;
    }

    /// <summary>Ends a line and writes it, in one write.</summary>
    private bool End(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer)
    {
        try
        {
            json.Flush();
            buffer.Write("\n"u8);
            options.Output!.Write(buffer.WrittenSpan);
            options.Output.Flush();
            return true;
        }
#pragma warning disable CA1031 // A stream may be closed, broken or full, and no request may fail for that.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
        finally
        {
            buffer.ResetWrittenCount();
            json.Reset();
        }
    }

    /// <summary>Writes what is queued, unless the reader has stalled. The stream stays open.</summary>
    public void Dispose()
    {
        lines.Writer.TryComplete();
        writer?.Join(Patience);
    }
}
