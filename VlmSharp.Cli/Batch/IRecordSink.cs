namespace VlmSharp.Cli.Batch;

/// <summary>Where a batch's records go, one line each.</summary>
internal interface IRecordSink : IDisposable
{
    /// <summary>Records that it has, those of earlier processes included.</summary>
    long Records { get; }

    /// <summary>How many of them are errors.</summary>
    long Errors { get; }

    /// <summary>Adds a record.</summary>
    /// <param name="line">Its line without the end of line.</param>
    /// <param name="isError">Whether it says that its item failed.</param>
    void Append(ReadOnlySpan<byte> line, bool isError);

    /// <summary>All records are there.</summary>
    void Complete();
}

/// <summary>Lines on standard output.</summary>
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
