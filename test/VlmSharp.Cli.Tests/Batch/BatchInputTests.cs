using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The inputs of <c>vlmsharp batch</c>: folders, pictures in place of lists, pipes.</summary>
public sealed class BatchInputTests : BatchTests
{
    [Fact]
    public async Task What_a_folder_has_besides_is_counted()
    {
        Directory.CreateDirectory(Out("in/__MACOSX"));
        File.Copy(Path.Combine(Samples, "cake.png"), Out("in/a.png"));
        string[] others = ["b.heic", "c.HEIC", "d.tif", "._a.png", "__MACOSX/a.png", "notes.txt"];
        foreach (string name in others) File.WriteAllText(Out($"in/{name}"), "");
        Run.Outcome run = await Run.Vlmsharp("", "batch", Out("in"), "--out", Out("out"));
        Assert.Equal(0, run.Code);
        Assert.EndsWith("; not tried: 2 HEIC, 1 TIFF, 2 macOS metadata, 1 other\n", run.Error, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(Out("out/shard-00000-of-00001.jsonl")));
        using JsonDocument status = JsonDocument.Parse((await Run.Vlmsharp("", "batch", "status", Out("out"), "--json")).Output);
        Assert.Equal("""{"HEIC":2,"TIFF":1,"macOS metadata":2,"other":1}""", status.RootElement.GetProperty("skipped").GetRawText());
        Assert.EndsWith("2 HEIC, 1 TIFF, 2 macOS metadata, 1 other\n", (await Run.Vlmsharp("", "batch", "status", Out("out"))).Output,
            StringComparison.Ordinal);
        File.Delete(Out("in/notes.txt")); // does not make it another run
        Assert.Equal(0, (await Run.Vlmsharp("", "batch", Out("in"), "--out", Out("out"))).Code);
    }

    [Fact]
    public async Task A_picture_is_taken_where_a_list_may_be_too()
    {
        byte[] cake = await File.ReadAllBytesAsync(Path.Combine(Samples, "cake.png"));
        await File.WriteAllBytesAsync(Out("cake.unknown"), cake);
        Run.Outcome run = await Run.Vlmsharp("", "batch", Out("cake.unknown"), "-q");
        Assert.Equal("a cake", JsonDocument.Parse(Assert.Single(run.Lines)).RootElement.GetProperty("text").GetString());
        run = await Run.Vlmsharp(cake, "batch", "-", "-q");
        JsonElement record = JsonDocument.Parse(Assert.Single(run.Lines)).RootElement;
        Assert.Equal(("-", "a cake"), (record.GetProperty("id").GetString(), record.GetProperty("text").GetString()));
        run = await Run.Vlmsharp([0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0], "batch", "-", "-q");
        Assert.Equal(65, run.Code);
        Assert.Contains("Standard input is in the HEIC format", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipes_are_inputs_too()
    {
        if (OperatingSystem.IsWindows()) return;
        string cake = Path.Combine(Samples, "cake.png");
        (int code, string output, string error) = await Tool.RunAsync(
            "/bin/bash", ["-c", $"dotnet '{Tool.Vlmsharp}' batch -q <(echo '{cake}'; echo '{cake}') <(cat '{cake}') | grep -c 'a cake'; "
                + "exit ${PIPESTATUS[0]}"]);
        Assert.Equal((0, "3\n", ""), (code, output, error));
    }
}
