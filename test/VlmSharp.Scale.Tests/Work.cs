using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// Pictures to be captioned in parts, and the file that all parts together must equal. Some pictures can be held: a part that reaches one
/// waits until it is released, so that a test can kill the part in the middle.
/// </summary>
internal sealed class Work : IDisposable
{
    private static readonly string[] Samples =
        Directory.GetFiles(Path.Combine(GoldenFiles.Root, "demo", "samples"), "*.png").Order(StringComparer.Ordinal).ToArray();

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vlmsharp-scale-");

    /// <summary>Writes the list.</summary>
    /// <param name="count">The number of pictures, which repeat those of the demo.</param>
    /// <param name="held">The indices of the held pictures.</param>
    public Work(int count, params int[] held)
    {
        Count = count;
        for (int i = 0; i < count; i++) File.CreateSymbolicLink(Picture(i), Samples[i % Samples.Length]);
        File.WriteAllLines(List, Enumerable.Range(0, count).Select(i => $"{{\"id\": {i}, \"image\": \"{Path.GetFileName(Picture(i))}\"}}"));
        foreach (int i in held) Hold(i);
    }

    /// <summary>The number of pictures.</summary>
    public int Count { get; }

    /// <summary>The list of pictures, JSONL.</summary>
    public string List => At("list.jsonl");

    /// <summary>A path in the working folder.</summary>
    public string At(string name) => Path.Combine(folder.FullName, name);

    private string Picture(int i) => At($"{i:000}.png");

    /// <summary>Replaces a picture by a pipe to which nothing is written.</summary>
    private void Hold(int i)
    {
        File.Delete(Picture(i));
        Assert.Equal(0, mkfifo(Picture(i), 0x180)); // 0600
    }

    /// <summary>Restores a held picture. Processes that already wait keep waiting; new ones read it.</summary>
    public void LetGo(int i)
    {
        File.Delete(Picture(i));
        File.CreateSymbolicLink(Picture(i), Samples[i % Samples.Length]);
    }

    /// <summary>The result of one process for the whole list.</summary>
    public async Task<string> AloneAsync()
    {
        (int code, string output, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "batch", List, "-q"]);
        Assert.True(code == 0, errors);
        Assert.Equal(Count, output.TrimEnd('\n').Split('\n').Length);
        return output;
    }

    /// <summary>The result of <c>batch merge</c> for the parts.</summary>
    public static async Task<string> MergedAsync(string output)
    {
        (int code, string text, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "batch", "merge", output]);
        Assert.True(code == 0, errors);
        return text;
    }

    /// <summary>The number of records that a part has written so far.</summary>
    public static int Records(string output, int shard, int shards)
    {
        string path = Path.Combine(output, $"shard-{shard:00000}-of-{shards:00000}.jsonl");
        string partial = File.Exists(path) ? path : path + ".partial";
        if (!File.Exists(partial)) return 0;
        using var stream = new FileStream(partial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>Waits for a condition, for a long time if needed.</summary>
    /// <param name="what">Describes the condition, for the error message.</param>
    /// <param name="isSo">Checks the condition.</param>
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
