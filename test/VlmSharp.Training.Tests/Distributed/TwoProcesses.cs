using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>Five examples, and the run that the tests compare with.</summary>
public sealed class TwoProcesses : IDisposable
{
    private static readonly (string Image, string Prefix, string Suffix)[] Examples =
    [
        ("photo_chelsea.png", "caption en", "a tabby cat"), ("photo_coffee.png", "caption en", "a cup of coffee on a table"),
        ("photo_chelsea.png", "answer en what animal?", "cat"),
        ("photo_coffee.png", "detect cup", "<loc0100><loc0200><loc0900><loc1000> cup"),
        ("photo_coffee.png", "answer en what is in the cup?", "coffee"),
    ];

    private readonly TemporaryFolder folder = new();
    private readonly Lazy<Dictionary<string, string>> straight;

    public TwoProcesses()
    {
        Data = folder.At("data.jsonl");
        File.WriteAllLines(Data, Examples.Select(e =>
            JsonSerializer.Serialize(new { image = GoldenFiles.PathOf("images", e.Image), prefix = e.Prefix, suffix = e.Suffix })));
        straight = new(() => Train(MpiLaunchers.All[0], "straight"));
    }

    public string Data { get; }

    /// <summary>The result of six uninterrupted steps.</summary>
    internal Dictionary<string, string> Straight => straight.Value;

    public string At(string name) => folder.At(name);

    /// <summary>Trains in two processes.</summary>
    /// <returns>The hashes of the files of the last checkpoint, and the losses.</returns>
    internal Dictionary<string, string> Train(string launcher, string name, params string[] words)
    {
        Directory.CreateDirectory(At(name));
        (int code, string text) = MpiLaunchers.Run(launcher, [Data, At(name), .. words]);
        Assert.True(code == 0, text);
        return Results(name);
    }

    /// <summary>Trains in this process.</summary>
    /// <returns>The losses.</returns>
    internal double[] TrainAlone(string name, params string[] words)
    {
        Directory.CreateDirectory(At(name));
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = 1 });
        using (FineTuning run = FineTuning.Open(
            MpiTraining.Options(Data, At(name), words), backend, trackers: [new MetricsFile(Path.Combine(At(name), MetricsFile.FileName))]))
        {
            run.Run();
        }
        return Losses(name);
    }

    internal double[] Losses(string name) =>
        [
            .. File.ReadLines(Path.Combine(At(name), MetricsFile.FileName))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())
        ];

    internal Dictionary<string, string> Results(string name)
    {
        string last = Directory.EnumerateDirectories(At(name), "checkpoint-*").Max(StringComparer.Ordinal)!;
        Dictionary<string, string> results = Directory.EnumerateFiles(last)
            .ToDictionary(f => Path.GetFileName(f), f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))));
        results["folder"] = Path.GetFileName(last);
        results["losses"] = string.Join(' ', Losses(name).Select(loss => loss.ToString("R", CultureInfo.InvariantCulture)));
        return results;
    }

    public void Dispose() => folder.Dispose();
}
