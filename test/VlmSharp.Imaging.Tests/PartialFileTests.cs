using VlmSharp.Conformance;

namespace VlmSharp.Imaging.Tests;

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

    /// <summary>What only its owner could read must not become readable for all, not even while it is written.</summary>
    [Theory, InlineData("600"), InlineData("400"), InlineData("666")]
    public void A_file_keeps_the_permissions_of_the_one_that_it_replaces(string octal)
    {
        if (OperatingSystem.IsWindows()) return; // it has none of these
        var mode = (UnixFileMode)Convert.ToInt32(octal, 8);
        string path = folder.At("x");
        File.WriteAllText(path, "old");
        File.SetUnixFileMode(path, mode);
        PartialFile.Write(path, stream =>
        {
            string partial = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!, ".*"));
            Assert.Equal((0L, mode), (new FileInfo(partial).Length, new FileInfo(partial).UnixFileMode));
            stream.WriteByte((byte)'n');
        });
        Assert.Equal(("n", mode), (File.ReadAllText(path), File.GetUnixFileMode(path)));

        string left = folder.At("left");
        File.WriteAllText(left, "of a killed process");
        using FileStream empty = PartialFile.Create(left, path);
        Assert.Equal((0L, mode), (empty.Length, File.GetUnixFileMode(left)));
    }

    [Fact]
    public void A_link_stays_and_what_it_leads_to_is_replaced()
    {
        if (OperatingSystem.IsWindows()) return; // links need a privilege there
        string path = folder.At("x"), link = folder.At("link"), dangling = folder.At("dangling");
        File.WriteAllText(path, "old");
        File.CreateSymbolicLink(link, path);
        PartialFile.Write(link, stream => stream.WriteByte((byte)'n'));
        Assert.Equal(("n", path), (File.ReadAllText(path), new FileInfo(link).LinkTarget));

        File.CreateSymbolicLink(dangling, folder.At("new"));
        PartialFile.Write(dangling, stream => stream.WriteByte((byte)'n'));
        Assert.Equal("n", File.ReadAllText(folder.At("new")));
    }

    /// <summary>A device must not become a file, least of all where the user may replace it.</summary>
    [Fact]
    public async Task Devices_and_pipes_are_written_to()
    {
        if (OperatingSystem.IsWindows()) return; // it has none of them in folders
        foreach (string special in new[] { "/dev/null", "/dev/full", "/dev/stdout", "/dev/fd/7", "/proc/self/fd/1" })
            Assert.Null(PartialFile.PlaceOf(special));
        string pipe = folder.At("pipe");
        Assert.Equal(0, (await Tool.RunAsync("mkfifo", [pipe])).Code);
        Task<string> read = Task.Run(() => File.ReadAllText(pipe)); // opening it waits for the writer
        PartialFile.Write(pipe, stream => stream.WriteByte((byte)'n'));
        Assert.Equal("n", await read);
        Assert.Equal("pipe", SpecialFile.Of(pipe).Kind);
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
