using System.Net.Sockets;
using System.Text;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The list of items to process.</summary>
public sealed class WorkListTests : IDisposable
{
    private static readonly string Cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");

    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-work-").FullName;

    public void Dispose()
    {
        // .NET cannot delete what has a name that is not UTF-8.
        if (OperatingSystem.IsLinux()) Tool.RunAsync("rm", ["-r", folder]).GetAwaiter().GetResult();
        else Directory.Delete(folder, recursive: true);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static PipedInput Text(string text) => new(() => new MemoryStream(Encoding.UTF8.GetBytes(text)), "standard input");

    private static List<WorkItem> Items(WorkList work) => [.. work.Items(0, 1)];

    [Fact]
    public void AFolderGivesItsPicturesInAFixedOrder()
    {
        foreach (string name in new[] { "b.png", "a.JPG", "sub/c.webp", "notes.txt", "B.gif" }) Write(name, "");
        var work = new WorkList([folder], Text(""));
        Assert.Equal(["B.gif", "a.JPG", "b.png", "sub/c.webp"], Items(work).Select(i => i.Id));
        Assert.Equal(Path.Combine(folder, "sub/c.webp"), Items(work)[3].Images[0]);
        Assert.Equal(4, work.Count);
    }

    [Fact]
    public void AFoldersFilesThatAreNotTriedAreCountedByKind()
    {
        string[] tried = ["a.jfif", "b.JPE", "c.dib", "d.apng"];
        string[] skipped =
        [
            "x.heic", "y.HEIF", "x.avif", "x.tif", "y.tiff", "x.svg", "x.cr2", "notes.txt", "no-name", "._a.jfif", "sub/._b.png",
            "__MACOSX/c.png", "sub/__MACOSX/deep/d.png",
        ];
        foreach (string name in tried.Concat(skipped)) Write(name, "");
        var work = new WorkList([folder], Text(""));
        Assert.Equal(tried, Items(work).Select(i => i.Id));
        Assert.Equal("1 AVIF, 2 HEIC, 1 SVG, 2 TIFF, 1 camera raw, 4 macOS metadata, 2 other", SkippedFiles.TextOf(work.Skipped));
        Directory.Delete(Path.Combine(folder, "sub"), recursive: true);
        foreach (string name in tried) File.Delete(Path.Combine(folder, name));
        Assert.EndsWith(
            "; it has 1 AVIF, 2 HEIC, 1 SVG, 2 TIFF, 1 camera raw, 2 macOS metadata, 2 other.",
            Assert.Throws<IOException>(() => new WorkList([folder], Text(""))).Message, StringComparison.Ordinal);
    }

    /// <summary>A pipe would hold the batch until somebody writes to it.</summary>
    [ToolFact("mkfifo")]
    public async Task PipesSocketsAndNamesThatAreNotUtf8AreCountedByKind()
    {
        if (!OperatingSystem.IsLinux()) return; // macOS takes no such names
        File.Copy(Cake, Path.Combine(folder, "a.png"));
        Write("empty.png", "");
        Assert.Equal(0, (await Tool.RunAsync("mkfifo", [Path.Combine(folder, "p.png")])).Code);
        File.CreateSymbolicLink(Path.Combine(folder, "link.png"), Path.Combine(folder, "p.png"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "s.png")));
        File.CreateSymbolicLink(Path.Combine(folder, "zero.png"), "/dev/zero");
        await CopyWithLatinNames();
        using FileStream locked = File.Open(Path.Combine(folder, "empty.png"), FileMode.Open, FileAccess.Read, FileShare.None);
        var work = new WorkList([folder], Text(""));
        Assert.Equal(["a.png", "empty.png"], Items(work).Select(i => i.Id));
        Assert.Equal("1 device, 2 name not in UTF-8, 2 pipe, 1 socket", SkippedFiles.TextOf(work.Skipped));
    }

    [ToolFact("mkfifo")]
    public async Task AFileWhoseNameIsNotUtf8IsNamedAsSuch()
    {
        if (!OperatingSystem.IsLinux()) return;
        await CopyWithLatinNames();
        string lost = Path.Combine(folder, "caf\uFFFD.png");
        Assert.Contains("not UTF-8", Assert.Throws<IOException>(() => new WorkList([lost], Text(""))).Message, StringComparison.Ordinal);
        foreach (Run.Outcome run in new[] { await Run.Vlmsharp("", "caption", lost), await Run.Vlmsharp(lost + "\n", "batch", "-") })
            Assert.Contains("a name that is not UTF-8 cannot be opened", run.Output + run.Error, StringComparison.Ordinal);
        Write("caf\uFFFD.png", "");
        Assert.DoesNotContain("UTF-8", (await Run.Vlmsharp("", "caption", lost)).Error, StringComparison.Ordinal);
    }

    // A file café.png and a folder été in Latin-1.
    private async Task CopyWithLatinNames()
    {
        const string Script = """cp "$0" "$(printf 'caf\351.png')" && mkdir "$(printf '\351t\351')" """;
        Assert.Equal(0, (await Tool.RunAsync("/bin/sh", ["-c", Script, Cake], folder)).Code);
    }

    [Fact]
    public void AFileThatIsAPictureIsNoListWhateverItsName()
    {
        string copy = Path.Combine(folder, "cake");
        File.Copy(Cake, copy);
        Assert.Equal([copy], Items(new WorkList([copy], Text(""))).Single().Images);
        foreach (string text in new[] { "P3 1 1 255\n1 2 3\n", "P6\n# made by hand\n1 1\n255\nabc" })
            Assert.Equal([Path.Combine(folder, "x")], Items(new WorkList([Write("x", text)], Text(""))).Single().Images);
    }

    /// <summary>The letters with which some pictures begin can begin a path too.</summary>
    [Theory]
    [InlineData("BMW.jpg\n")]
    [InlineData("P6\nP5.png\n")]
    [InlineData("GIF89a.gif\nb.png\n")]
    [InlineData("PFAU.png\n")]
    [InlineData("\uFEFFa.png\n")]
    [InlineData("\u00e4.png\n")]
    [InlineData("BMW\u00e4.png\nb.png\n")]
    [InlineData("no\u001b[31msuch.png\nb.png\n")]
    [InlineData("two\0words.png\nb.png\n")]
    public void APathThatBeginsLikeAPictureIsAPath(string list)
    {
        string expected = list.TrimStart('\uFEFF').Split('\n')[0];
        Assert.Equal(expected, Items(new WorkList([Write("list", list)], Text("")))[0].Id);
        Assert.Equal(expected, Items(new WorkList(["-"], Text(list)))[0].Id);
    }

    [Theory]
    [InlineData("\u001f\u008b\u0008\0", "is packed (gzip): unpack it")]
    [InlineData("PK\u0003\u0004", "is packed (zip)")]
    [InlineData("\u007fELF\u0002\u0001\u0001\0\0\0\0\0\0\0\0", "neither a picture of a known format nor a list")]
    [InlineData("abcdefghijklmnop\u0001\u00e4\u00fcabcdefghijklmnop",
        "neither a picture of a known format nor a list")] // no encoding has both
    [InlineData("\u0001\u0002\u0003\u0004", "neither a picture of a known format nor a list")]
    public void BytesThatNoTextHasAreNoList(string bytes, string says)
    {
        string path = Path.Combine(folder, "list");
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(bytes));
        Assert.Contains(says, Assert.Throws<UsageException>(() => new WorkList([path], Text(""))).Message, StringComparison.Ordinal);
        var piped = new PipedInput(() => File.OpenRead(path), "standard input");
        Assert.Contains(says, Assert.Throws<UsageException>(() => new WorkList(["-"], piped)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APicturesNameIsItsNameWhateverItLooksLike()
    {
        string[] names = [" a.png", "{3F25}.png"];
        foreach (string name in names) Write(name, "");
        WorkList[] works = [new([folder], Text("")), new([.. names.Select(name => Path.Combine(folder, name))], Text(""))];
        foreach (WorkList work in works)
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
        Assert.Equal(["a.png", "b.png", "c.png", "d.png"], Items(new WorkList([folder], Text(""))).Select(i => i.Id));
    }

    [Fact]
    public void FoldersWithTheSameNamesAndOtherPicturesAreOtherWork()
    {
        foreach (string name in new[] { "one/1.png", "copy/1.png" }) Write(name, "a picture");
        Write("two/1.png", "another picture");
        string Fingerprint(string name) => new WorkList([Path.Combine(folder, name)], Text("")).PicturesFingerprint!;
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
        List<WorkItem> items = Items(new WorkList([manifest], Text("")));
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
        List<WorkItem> items = Items(new WorkList(["-"], Text($"{line}\nb.png\n")));
        Assert.Equal((0, "line 1"), (items[0].Index, items[0].Id));
        Assert.Contains(fault, items[0].Fault, StringComparison.Ordinal);
        Assert.Equal("b.png", items[1].Id);
    }

    [Fact]
    public void EqualLinesAreTheSameWork()
    {
        string list = Write("list.txt", "a.png\n\n b.png\r\n");
        Assert.Equal(new WorkList([list], Text("")).Fingerprint, new WorkList(["-"], Text("a.png\nb.png")).Fingerprint);
        Assert.NotEqual(new WorkList([list], Text("")).Fingerprint, new WorkList(["-"], Text("a.png\n")).Fingerprint);
    }

    [Fact]
    public void AShardTakesEveryNth()
    {
        var work = new WorkList(["-"], Text(string.Join('\n', Enumerable.Range(0, 10).Select(i => $"{i}.png"))));
        Assert.Equal(["1.png", "4.png", "7.png"], work.Items(1, 3).Select(i => i.Id));
        Assert.Equal(["7.png"], work.Items(7, 3).Select(i => i.Id));
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        Assert.Contains("does not exist", Assert.Throws<IOException>(() => new WorkList([Path.Combine(folder, "x")], Text(""))).Message,
            StringComparison.Ordinal);
        Assert.Contains("nothing to do", Assert.Throws<IOException>(() => new WorkList(["-"], Text("\n \n"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("no pictures", Assert.Throws<IOException>(() => new WorkList([folder], Text(""))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnEndlessLineIsRefused()
    {
        string path = Path.Combine(folder, "long.jsonl");
        File.WriteAllText(path, new string('x', 3 << 20));
        Assert.Contains("longer than", Assert.Throws<IOException>(() => new WorkList([path], Text(""))).Message, StringComparison.Ordinal);
    }
}
