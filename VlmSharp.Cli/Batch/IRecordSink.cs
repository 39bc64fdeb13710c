namespace VlmSharp.Cli.Batch;

/// <summary>Receives the records of a batch, one line each.</summary>
internal interface IRecordSink : IDisposable
{
    /// <summary>Number of records written, including those of earlier processes.</summary>
    long Records { get; }

    /// <summary>Number of error records among them.</summary>
    long Errors { get; }

    /// <summary>Adds a record.</summary>
    /// <param name="line">The record without its line ending.</param>
    /// <param name="isError">Whether it is an error record.</param>
    void Append(ReadOnlySpan<byte> line, bool isError);

    /// <summary>Called after the last record.</summary>
    void Complete();
}

/// <summary>Writes records as lines on standard output.</summary>
internal sealed class StandardOutputSink : IRecordSink
{
    public long Records { get; private set; }

    public long Errors { get; private set; }

    public void Append(ReadOnlySpan<byte> line, bool isError)
    {
        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(line));
        Records++;
        if (isError) Errors++;
    }

    public void Complete() => Console.Out.Flush();

    public void Dispose() { }
}
