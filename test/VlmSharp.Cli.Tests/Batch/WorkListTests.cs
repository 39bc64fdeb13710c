using VlmSharp.Cli.Batch;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The list of items to process.</summary>
public sealed class WorkListTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-work-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, string text)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static List<WorkItem> Items(WorkList work) => [.. work.Items(0, 1)];

    [Fact]
    public void AFolderGivesItsPicturesInAFixedOrder()
    {
        foreach (string name in new[] { "b.png", "a.JPG", "sub/c.webp", "notes.txt", "B.gif" }) Write(name, "");
        var work = new WorkList([folder], TextReader.Null);
        Assert.Equal(["B.gif", "a.JPG", "b.png", "sub/c.webp"], Items(work).Select(i => i.Id));
        Assert.Equal(Path.Combine(folder, "sub/c.webp"), Items(work)[3].Images[0]);
        Assert.Equal(4, work.Count);
    }

    [Fact]
    public void APicturesNameIsItsNameWhateverItLooksLike()
    {
        string[] names = [" a.png", "{3F25}.png"];
        foreach (string name in names) Write(name, "");
        foreach (WorkList work in new[]
        {
            new WorkList([folder], TextReader.Null),
            new WorkList([.. names.Select(name => Path.Combine(folder, name))], TextReader.Null)
        })
        {
            Assert.All(Items(work), item => Assert.Null(item.Fault));
            Assert.Equal(names.Select(name => Path.Combine(folder, name)), Items(work).Select(item => item.Images[0]));
        }
    }

    [Fact]
    public void LinksToFoldersAreNotFollowed()
    {
        if (OperatingSystem.IsWindows()) return; // making links needs a privilege on Windows
        Write("a.png", "");
        File.CreateSymbolicLink(Path.Combine(folder, "b.png"), Path.Combine(folder, "a.png"));
        File.CreateSymbolicLink(Path.Combine(folder, "c.png"), Path.Combine(folder, "c.png"));
        File.CreateSymbolicLink(Path.Combine(folder, "d.png"), Path.Combine(folder, "nowhere.png"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "loop"), folder);
        Assert.Equal(["a.png", "b.png", "c.png", "d.png"], Items(new WorkList([folder], TextReader.Null)).Select(i => i.Id));
    }

    [Fact]
    public void FoldersWithTheSameNamesAndOtherPicturesAreOtherWork()
    {
        foreach (string name in new[] { "one/1.png", "copy/1.png" }) Write(name, "a picture");
        Write("two/1.png", "another picture");
        string Fingerprint(string name) => new WorkList([Path.Combine(folder, name)], TextReader.Null).Fingerprint;
        Assert.Equal(Fingerprint("one"), Fingerprint("copy"));
        Assert.NotEqual(Fingerprint("one"), Fingerprint("two"));
    }

    [Fact]
    public void AManifestMixesPathsAndObjects()
    {
        string manifest = Write("m.jsonl", """
            a.png
            {"image": "b.png", "id": 7, "task": "ask", "question": "why?", "lang": "de"}

            {"images": ["c.png", "/d.png"], "prompt": "caption en"}
            {"image": "e.png", "task": "detect", "things": "cat ; dog"}
            {"image": "f.png", "things": ["cat"]}
            """);
        List<WorkItem> items = Items(new WorkList([manifest], TextReader.Null));
        Assert.Equal(["a.png", "7", "c.png", "e.png", "f.png"], items.Select(i => i.Id));
        Assert.Equal([0L, 1, 2, 3, 4], items.Select(i => i.Index));
        Assert.Equal(("ask", "why?", "de"), (items[1].Task, items[1].Question, items[1].Language));
        Assert.Equal([Path.Combine(folder, "c.png"), "/d.png"], items[2].Images);
        Assert.Equal(["cat", "dog"], items[3].Things);
        Assert.Equal(["cat"], items[4].Things);
        Assert.All(items, i => Assert.Null(i.Fault));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("{\"image\": 3}", "\"image\" is not a string")]
    [InlineData("{\"id\": \"x\"}", "names no picture")]
    [InlineData("{\"image\": \"a\", \"color\": 1}", "unknown member \"color\"")]
    [InlineData("{\"image\": \"a\", \"seed\": 0.5}", "\"seed\" is not a whole number")]
    [InlineData("{\"images\": [1]}", "\"images\" is not an array of strings")]
    [InlineData("{\"image\": \"\\ud800\"}", "not valid JSON")]
    public void ABadLineIsAnItemWithAFault(string line, string fault)
    {
        List<WorkItem> items = Items(new WorkList(["-"], new StringReader($"{line}\nb.png\n")));
        Assert.Equal((0, "line 1"), (items[0].Index, items[0].Id));
        Assert.Contains(fault, items[0].Fault, StringComparison.Ordinal);
        Assert.Equal("b.png", items[1].Id);
    }

    [Fact]
    public void EqualLinesAreTheSameWork()
    {
        string list = Write("list.txt", "a.png\n\n b.png\r\n");
        Assert.Equal(new WorkList([list], TextReader.Null).Fingerprint, new WorkList(["-"], new StringReader("a.png\nb.png")).Fingerprint);
        Assert.NotEqual(new WorkList([list], TextReader.Null).Fingerprint, new WorkList(["-"], new StringReader("a.png\n")).Fingerprint);
    }

    [Fact]
    public void AShardTakesEveryNth()
    {
        var work = new WorkList(["-"], new StringReader(string.Join('\n', Enumerable.Range(0, 10).Select(i => $"{i}.png"))));
        Assert.Equal(["1.png", "4.png", "7.png"], work.Items(1, 3).Select(i => i.Id));
        Assert.Equal(["7.png"], work.Items(7, 3).Select(i => i.Id));
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        Assert.Contains(
            "does not exist",
            Assert.Throws<IOException>(() => new WorkList([Path.Combine(folder, "x")], TextReader.Null)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "nothing to do",
            Assert.Throws<IOException>(() => new WorkList(["-"], new StringReader("\n \n"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "no pictures", Assert.Throws<IOException>(() => new WorkList([folder], TextReader.Null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEndlessLineIsRefused()
    {
        string path = Path.Combine(folder, "long.jsonl");
        using (FileStream stream = File.Create(path)) stream.SetLength(3 << 20);
        Assert.Contains(
            "longer than", Assert.Throws<IOException>(() => new WorkList([path], TextReader.Null)).Message, StringComparison.Ordinal);
    }
}
