using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary>One run of <c>vlmsharp bench</c>.</summary>
/// <param name="Timings">Of all requests together.</param>
/// <param name="Pictures">Pictures that the encoder saw: equal ones that are prefilled together count once.</param>
/// <param name="PromptLimits">The machine's limits around vision and prefill.</param>
/// <param name="DecodeLimits">The machine's limits around decode.</param>
internal readonly record struct BenchRun(GenerationTimings Timings, long Pictures, MachineLimits PromptLimits, MachineLimits DecodeLimits);

/// <summary>What <c>vlmsharp bench</c> prints: the stages of all runs, each run's held against its own limits.</summary>
internal sealed class BenchReport
{
    private readonly VisionLanguageModel network;
    private readonly List<BenchRun> runs;
    private readonly List<Row> rows = [];

    /// <summary>One measured stage; its floor is the time at the machine's limit, 0 where it has none.</summary>
    private readonly record struct Row(string Name, string Work, double Seconds, double FloorSeconds, double Share, string Rate);

    /// <summary>Works out the stages.</summary>
    /// <param name="network">The model that ran.</param>
    /// <param name="together">Requests of each run.</param>
    /// <param name="runs">At least one.</param>
    public BenchReport(VisionLanguageModel network, int together, List<BenchRun> runs)
    {
        (this.network, this.runs) = (network, runs);
        var cost = new ModelCost(network.Config);
        (GenerationTimings first, long pictures) = (runs[0].Timings, runs[0].Pictures);
        int prompt = first.PromptTokens / together, steps = first.DecodedTokens / together;
        double visionFlops = pictures * cost.VisionFlops(), prefillFlops = together * cost.PrefillFlops(prompt);
        double decodeBytes = network.Network.DecodeBytes, decodeFlops = together * cost.DecodeFlops(prompt + steps / 2);

        rows.Add(new Row("load", Loaded(), network.LoadTime.TotalSeconds, 0, 0, ""));
        Add("vision", $"{visionFlops / 1e9:0.0} GFLOP", run => run.Timings.Vision.TotalSeconds, run => run.PromptLimits.FloorSeconds(0, visionFlops),
            seconds => $"{visionFlops / 1e9 / seconds:0.0} GFLOP/s");
        Add("prefill", $"{first.PromptTokens} tokens, {prefillFlops / 1e9:0.0} GFLOP", run => run.Timings.Prefill.TotalSeconds, run => run.PromptLimits.FloorSeconds(0, prefillFlops),
            seconds => $"{first.PromptTokens / seconds:0.0} tokens/s");
        Add(together == 1 ? "decode, a token" : $"decode, a token of each of {together}", $"{decodeBytes / 1e9:0.000} GB read, {decodeFlops / 1e9:0.0} GFLOP",
            run => run.Timings.Decode.TotalSeconds / steps, run => run.DecodeLimits.FloorSeconds(decodeBytes, decodeFlops),
            seconds => $"{together / seconds:0.00} tokens/s");
    }

    private void Add(string name, string work, Func<BenchRun, double> seconds, Func<BenchRun, double> floor, Func<double, string> rate)
    {
        double time = Median(runs.Select(seconds));
        rows.Add(new Row(name, work, time, Median(runs.Select(floor)), Median(runs.Select(run => floor(run) / seconds(run))), rate(time)));
    }

    private string Loaded() => network.QuantizedBytes == 0
        ? $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped"
        : $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped, {network.QuantizedBytes / 1e9:0.000} GB made";

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>A limit as it was around the stages of all runs.</summary>
    private double[] Around(Func<MachineLimits, double> limit) => [.. runs.SelectMany(run => new[] { limit(run.PromptLimits), limit(run.DecodeLimits) }).Order()];

    /// <summary>For people.</summary>
    public void WriteTable()
    {
        double[] read = Around(l => l.ReadBandwidth), fma = Around(l => l.FmaPeak);
        Console.WriteLine($"{network.Backend.Name}: {network.Backend.Description}");
        Console.WriteLine($"machine, measured beside each stage: read {read[0]:0.0} to {read[^1]:0.0} GB/s, FMA {fma[0]:0.0} to {fma[^1]:0.0} GFLOP/s on {runs[0].PromptLimits.Threads} threads");
        var table = new Table().Border(TableBorder.Rounded).AddColumns("stage", "work", "time", "floor", "of the limit", "rate");
        foreach (Row row in rows)
            table.AddRow(row.Name, row.Work, $"{row.Seconds * 1e3:0.00} ms", row.FloorSeconds > 0 ? $"{row.FloorSeconds * 1e3:0.00} ms" : "-",
                row.FloorSeconds > 0 ? $"{row.Share:P0}" : "-", row.Rate);
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 140; // a file has no width to fit
        AnsiConsole.Write(table);
    }

    /// <summary>For programs.</summary>
    public void WriteJson(Utf8JsonWriter o)
    {
        o.WriteStartObject();
        o.WriteString("backend", $"{network.Backend.Name}: {network.Backend.Description}");
        WriteLimit(o, "read_gb_per_s", Around(l => l.ReadBandwidth));
        WriteLimit(o, "fma_gflop_per_s", Around(l => l.FmaPeak));
        o.WriteNumber("threads", runs[0].PromptLimits.Threads);
        o.WriteStartArray("stages");
        foreach (Row row in rows)
        {
            o.WriteStartObject();
            o.WriteString("stage", row.Name);
            o.WriteString("work", row.Work);
            o.WriteNumber("seconds", Math.Round(row.Seconds, 6));
            if (row.FloorSeconds > 0)
            {
                o.WriteNumber("floor_seconds", Math.Round(row.FloorSeconds, 6));
                o.WriteNumber("share_of_limit", Math.Round(row.Share, 4));
                o.WriteString("rate", row.Rate);
            }

            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    /// <summary>The median of a limit, and its range.</summary>
    private static void WriteLimit(Utf8JsonWriter o, string name, double[] measured)
    {
        o.WriteNumber(name, Math.Round(measured[measured.Length / 2], 3));
        o.WriteStartArray($"{name}_range");
        foreach (double end in new[] { measured[0], measured[^1] }) o.WriteNumberValue(Math.Round(end, 3));
        o.WriteEndArray();
    }
}
