using VlmSharp.Cli.Batch;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The progress of a running batch that people see.</summary>
public sealed class BatchProgressTests
{
    [Theory]
    [InlineData(200, "\r[############............] 1 of 2, 1 error, ")]
    [InlineData(40, "\r[############............] 1 of 2, 1 er\u001b[K")]
    [InlineData(1, "\r\u001b[K")]
    public void TheBarStaysOnOneLineAndCanBeRemoved(int columns, string start)
    {
        using var terminal = new StringWriter();
        var progress = new BatchProgress(terminal, columns, total: 2, before: 0);
        progress.Clear();
        Assert.Equal("", terminal.ToString());
        progress.Report(done: 1, errors: 1);
        Assert.StartsWith(start, terminal.ToString(), StringComparison.Ordinal);
        Assert.True(terminal.ToString().Length - "\r\u001b[K".Length < columns);
        int length = terminal.ToString().Length;
        progress.Clear();
        progress.Clear();
        Assert.Equal("\r\u001b[K", terminal.ToString()[length..]);
    }

    [Fact]
    public void WithoutATerminalNothingIsDrawn()
    {
        using var file = new StringWriter();
        var progress = new BatchProgress(file, columns: null, total: 2, before: 0);
        progress.Report(done: 1, errors: 0); // ten seconds have not passed yet
        progress.Clear();
        Assert.Equal("", file.ToString());
    }
}
