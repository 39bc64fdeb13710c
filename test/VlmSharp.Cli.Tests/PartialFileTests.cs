using VlmSharp.Cli.Output;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>Files that appear only when they are complete.</summary>
public sealed class PartialFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_complete_file_replaces_the_one_of_its_name()
    {
        string path = folder.At("x");
        File.WriteAllText(path, "old");
        PartialFile.Write(path, stream => stream.WriteByte((byte)'n'));
        Assert.Equal("n", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_write_that_fails_or_is_canceled_leaves_nothing_behind()
    {
        string path = folder.At("x");
        File.WriteAllText(path, "old");
        Assert.Throws<OperationCanceledException>(() => PartialFile.Write(path, stream =>
        {
            stream.WriteByte((byte)'n');
            throw new OperationCanceledException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }
}
