using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Output;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Measurement;

/// <summary>The output of <c>vlmsharp bench</c> for one backend: the stages of all runs, each compared with its own limits.</summary>
internal sealed class BenchReport
{
    private readonly List<BenchRun> runs;
    private readonly List<BenchStage> stages = [];
    private readonly MeasuredLimits? limits;

    /// <summary>The limits measured around the stages of all runs, ascending, in GB/s and GFLOP/s.</summary>
    private sealed record MeasuredLimits(string Memory, double[] Bandwidth, string Arithmetic, double[] Peak, int? Threads);

    /// <summary>Computes the stages.</summary>
    /// <param name="network">The model that ran.</param>
    /// <param name="together">Number of requests in each run.</param>
    /// <param name="runs">At least one run.</param>
    /// <param name="limits">The measured limits of the backend, or null if none were measured.</param>
    public BenchReport(VisionLanguageModel network, int together, List<BenchRun> runs, ILimits? limits)
    {
        this.runs = runs;
        (Backend, Model) = (network.Backend.Name, network.Checkpoint.Directory);
        Description = $"{Backend}: {network.Backend.Description}";
        if (limits is not null)
        {
            this.limits = new MeasuredLimits(
                limits.Memory, Around(l => l.BytesPerSecond), limits.Arithmetic, Around(l => l.FlopsPerSecond), limits.Threads);
        }

        AddStages(network, together);
    }

    /// <summary>The backend's short name.</summary>
    public string Backend { get; }

    /// <summary>The backend that was actually used.</summary>
    public string Description { get; }

    /// <summary>The folder of the model.</summary>
    public string Model { get; }

    /// <summary>Load, vision, prefill, decode.</summary>
    public IReadOnlyList<BenchStage> Stages => stages;

    private void AddStages(VisionLanguageModel network, int together)
    {
        var cost = new ModelCost(network.Config);
        (GenerationTimings first, long pictures) = (runs[0].Timings, runs[0].Pictures);
        int prompt = first.PromptTokens / together, steps = first.DecodedTokens / together;
        double visionFlops = pictures * cost.VisionFlops(), prefillFlops = together * cost.PrefillFlops(prompt);
        double decodeBytes = network.Network.DecodeBytes, decodeFlops = together * cost.DecodeFlops(prompt + steps / 2);

        stages.Add(new BenchStage("load", Loaded(network), network.LoadTime.TotalSeconds, 0, 0, ""));
        Add("vision", $"{visionFlops / 1e9:0.0} GFLOP",
            run => run.Timings.Vision.TotalSeconds, run => run.PromptLimits?.FloorSeconds(0, visionFlops) ?? 0,
            seconds => $"{visionFlops / 1e9 / seconds:0.0} GFLOP/s");
        Add("prefill", $"{first.PromptTokens} tokens, {prefillFlops / 1e9:0.0} GFLOP",
            run => run.Timings.Prefill.TotalSeconds, run => run.PromptLimits?.FloorSeconds(0, prefillFlops) ?? 0,
            seconds => $"{first.PromptTokens / seconds:0.0} tokens/s");
        Add(together == 1 ? "decode, a token" : $"decode, a token of each of {together}",
            $"{decodeBytes / 1e9:0.000} GB read, {decodeFlops / 1e9:0.0} GFLOP",
            run => run.Timings.Decode.TotalSeconds / steps, run => run.DecodeLimits?.FloorSeconds(decodeBytes, decodeFlops) ?? 0,
            seconds => $"{together / seconds:0.00} tokens/s");
    }

    private void Add(string name, string work, Func<BenchRun, double> seconds, Func<BenchRun, double> floor, Func<double, string> rate)
    {
        double time = Median(runs.Select(seconds));
        double share = Median(runs.Select(run => floor(run) / seconds(run)));
        stages.Add(new BenchStage(name, work, time, Median(runs.Select(floor)), share, rate(time)));
    }

    private static string Loaded(VisionLanguageModel network) => network.QuantizedBytes == 0
        ? $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped"
        : $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped, {network.QuantizedBytes / 1e9:0.000} GB made";

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>A limit around the stages of all runs, in 10^9 per second.</summary>
    private double[] Around(Func<Limits, double> limit) =>
        [.. runs.SelectMany(run => new[] { run.PromptLimits, run.DecodeLimits }).Select(l => limit(l!.Value) / 1e9).Order()];

    /// <summary>Writes the backend and its limits for people.</summary>
    public void WriteHeading()
    {
        Console.WriteLine(Description);
        if (limits is not { } l)
        {
            Console.WriteLine("its limits are not measured");
            return;
        }

        string on = l.Threads is { } threads ? $" on {threads} threads" : "", arithmetic = l.Arithmetic == "fma" ? "FMA" : l.Arithmetic;
        string memory = $"{l.Memory} {l.Bandwidth[0]:0.0} to {l.Bandwidth[^1]:0.0} GB/s";
        Console.WriteLine($"machine, measured beside each stage: {memory}, {arithmetic} {l.Peak[0]:0.0} to {l.Peak[^1]:0.0} GFLOP/s{on}");
    }

    /// <summary>Writes a table for people.</summary>
    public void WriteTable()
    {
        WriteHeading();
        Table table = Tables.Create("stage", "work", "time", "floor", "of the limit", "rate");
        foreach (BenchStage stage in stages)
            table.AddPlainRow(stage.Name, stage.Work, $"{stage.Seconds * 1e3:0.00} ms",
                stage.HasFloor ? $"{stage.FloorSeconds * 1e3:0.00} ms" : "-",
                stage.HasFloor ? $"{stage.Share:P0}" : "-", stage.Rate);
        Tables.Write(table);
    }

    /// <summary>Writes JSON for programs.</summary>
    public void WriteJson(Utf8JsonWriter o)
    {
        o.WriteStartObject();
        o.WriteString("backend", Description);
        if (limits is { } l)
        {
            WriteLimit(o, $"{l.Memory}_gb_per_s", l.Bandwidth);
            WriteLimit(o, $"{l.Arithmetic}_gflop_per_s", l.Peak);
            if (l.Threads is { } threads) o.WriteNumber("threads", threads);
        }

        o.WriteStartArray("stages");
        foreach (BenchStage stage in stages)
        {
            o.WriteStartObject();
            o.WriteString("stage", stage.Name);
            o.WriteString("work", stage.Work);
            o.WriteNumber("seconds", Math.Round(stage.Seconds, 6));
            if (stage.HasFloor)
            {
                o.WriteNumber("floor_seconds", Math.Round(stage.FloorSeconds, 6));
                o.WriteNumber("share_of_limit", Math.Round(stage.Share, 4));
            }

            if (stage.Rate.Length > 0) o.WriteString("rate", stage.Rate);
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
