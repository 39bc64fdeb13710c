using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>Tests of <c>vlmsharp batch</c> with the demo model, in a folder that is deleted at the end of the test.</summary>
public abstract class BatchTests : IDisposable
{
    /// <summary>The folder of the demo's pictures.</summary>
    protected static readonly string Samples = Path.Combine(GoldenFiles.Root, "demo", "samples");

    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected string Scratch => folder.Path;

    protected string Out(string name) => folder.At(name);

    /// <summary>A list of 40 pictures, three of which are broken.</summary>
    protected string Work()
    {
        string path = Out("work.jsonl");
        string[] samples = [.. Directory.GetFiles(Samples, "*.png").Order(StringComparer.Ordinal)];
        File.WriteAllText(Out("broken.png"), "not a picture");
        File.WriteAllLines(path, Enumerable.Range(0, 40).Select(i => i is 3 or 17 or 39 ? "broken.png" : i % 5 == 0
            ? $"{{\"id\":\"item {i}\",\"image\":\"{samples[i % samples.Length]}\","
                + "\"task\":\"ask\",\"question\":\"how many things are there?\"}"
            : samples[i % samples.Length]));
        return path;
    }

    /// <summary>All records of a run in the order of the input.</summary>
    protected async Task<byte[]> Merged(string run)
    {
        Run.Outcome merge = await Run.Vlmsharp("", "batch", "merge", run, "--out", Out("merged"));
        Assert.Equal((0, ""), (merge.Code, merge.Error));
        return File.ReadAllBytes(Out("merged"));
    }
}
