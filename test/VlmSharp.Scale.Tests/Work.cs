using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// Pictures to be captioned in parts, and the one file that all parts together must be equal to. Some pictures can be held back: a part
/// that comes to one waits until it is let go, so that a test can kill it in the middle.
/// </summary>
internal sealed class Work : IDisposable
{
    private static readonly string[] Samples = Directory.GetFiles(Path.Combine(GoldenFiles.Root, "demo", "samples"), "*.png").Order(StringComparer.Ordinal).ToArray();

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vlmsharp-scale-");

    /// <summary>Writes the list.</summary>
    /// <param name="count">How many pictures, which are the demo's again and again.</param>
    /// <param name="held">Indices of those that are held back.</param>
    public Work(int count, params int[] held)
    {
        Count = count;
        for (int i = 0; i < count; i++) File.CreateSymbolicLink(Picture(i), Samples[i % Samples.Length]);
        File.WriteAllLines(List, Enumerable.Range(0, count).Select(i => $"{{\"id\": {i}, \"image\": \"{Path.GetFileName(Picture(i))}\"}}"));
        foreach (int i in held) Hold(i);
    }

    /// <summary>How many pictures.</summary>
    public int Count { get; }

    /// <summary>The list of pictures, JSONL.</summary>
    public string List => At("list.jsonl");

    /// <summary>A path in the folder of this work.</summary>
    public string At(string name) => Path.Combine(folder.FullName, name);

    private string Picture(int i) => At($"{i:000}.png");

    /// <summary>Puts a pipe in a picture's place, that nobody writes to.</summary>
    private void Hold(int i)
    {
        File.Delete(Picture(i));
        Assert.Equal(0, mkfifo(Picture(i), 0x180)); // 0600
    }

    /// <summary>Puts a held picture back. Who waits for it goes on waiting; who comes now reads it.</summary>
    public void LetGo(int i)
    {
        File.Delete(Picture(i));
        File.CreateSymbolicLink(Picture(i), Samples[i % Samples.Length]);
    }

    /// <summary>What one process makes of the whole list.</summary>
    public async Task<string> AloneAsync()
    {
        (int code, string output, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "batch", List, "-q"]);
        Assert.True(code == 0, errors);
        Assert.Equal(Count, output.TrimEnd('\n').Split('\n').Length);
        return output;
    }

    /// <summary>What <c>batch merge</c> makes of the parts.</summary>
    public static async Task<string> MergedAsync(string output)
    {
        (int code, string text, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "batch", "merge", output]);
        Assert.True(code == 0, errors);
        return text;
    }

    /// <summary>Records that a part has written so far.</summary>
    public static int Records(string output, int shard, int shards)
    {
        string path = Path.Combine(output, $"shard-{shard:00000}-of-{shards:00000}.jsonl");
        string partial = File.Exists(path) ? path : path + ".partial";
        if (!File.Exists(partial)) return 0;
        using var stream = new FileStream(partial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>Waits for something, which the machine may take its time for.</summary>
    /// <param name="what">For the message where it never comes.</param>
    /// <param name="isSo">Looks.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> isSo)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(5), $"It never came: {what}.");
            await Task.Delay(100);
        }
    }

    public void Dispose() => folder.Delete(recursive: true);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int mkfifo(string path, uint mode);
}
