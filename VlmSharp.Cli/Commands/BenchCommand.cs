using System.CommandLine;
using Spectre.Console;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp bench</c>: where the time goes, beside what this machine could do at best.</summary>
internal static class BenchCommand
{
    private const int DefaultTokens = 16, DefaultRuns = 3;

    /// <summary>One measured stage. Floor: the time at the machine's limit.</summary>
    private readonly record struct Row(string Name, string Work, double Seconds, double FloorSeconds, string Rate);

    public static Command Create()
    {
        var command = new ExampleCommand("bench", "Measures load, vision, prefill and decode beside this machine's own limits.", """
            Floors are bytes / bandwidth for decode and flops / peak for the others, both measured then and there. Times are
            medians of --repeat runs after a warm-up.

            Examples:
              vlmsharp bench
              vlmsharp bench --model paligemma-3b-mix-224 --image photo.jpg --max-new-tokens 16
              vlmsharp bench --model DIR --prompt-ids 2,4521,108 --json
              vlmsharp bench --model DIR --quantize int4
            """);
        var prompt = new PromptBinder(required: false);
        prompt.AddTo(command);
        var model = new ModelOptionsBinder();
        model.AddTo(command);
        Option<int?> tokens = NumberOption.Create<int>("--max-new-tokens", "N", $"Tokens to decode in each run (default: {DefaultTokens}).", "-n");
        Option<int?> repeat = NumberOption.Create<int>("--repeat", "N", $"Counted runs, after one warm-up (default: {DefaultRuns}).", "-r");
        var json = new Option<bool>("--json") { Description = "One JSON object instead of a table." };
        command.Add(tokens);
        command.Add(repeat);
        command.Add(json);
        command.SetAction(async (parsed, cancellation) =>
        {
            int runs = parsed.GetValue(repeat) ?? DefaultRuns, count = parsed.GetValue(tokens) ?? DefaultTokens;
            if (runs < 1 || count < 2) throw new UsageException("--repeat must be at least 1 and --max-new-tokens at least 2.");
            CpuBackendOptions cpu = model.CpuOptions(parsed);
            MachineLimits limits = await Progress.RunAsync("measuring the machine", () => MachineLimits.Measure(cpu), cancellation);
            using IComputeBackend backend = model.CreateBackend(parsed);
            using VisionLanguageModel network = model.Open(parsed, backend);
            network.ImageFeatures.MaxBytes = 0; // every run encodes its picture
            RgbImage[] images = [.. prompt.Files(parsed).Select(f => ImageFile.Load(f))];
            GenerationRequest request = prompt.Request(parsed, images.Length > 0 ? images : [TestCard(network.Model.Config.Vision.ImageSize)]);
            if (request.PromptIds is null && request.Prompt.Length == 0)
                request = network.Tokenizer is null ? request with { PromptIds = [network.Model.Config.BosTokenId] } : request with { Prompt = "caption en" };
            var options = new GenerationOptions { MaxNewTokens = count, IgnoreEndOfSequence = true };
            var timings = new List<GenerationTimings>();
            for (int run = 0; run <= runs; run++)
            {
                GenerationTimings timing = await Progress.RunAsync(run == 0 ? "warming up" : $"run {run} of {runs}", () => RunOnce(network, request, options, cancellation), cancellation);
                if (run > 0) timings.Add(timing);
            }

            // Once more: other programs can only make the machine look slower than it is.
            MachineLimits again = await Progress.RunAsync("measuring the machine", () => MachineLimits.Measure(cpu), cancellation);
            limits = limits with { ReadBandwidth = Math.Max(limits.ReadBandwidth, again.ReadBandwidth), FmaPeak = Math.Max(limits.FmaPeak, again.FmaPeak) };
            List<Row> rows = Rows(network, request, limits, timings);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => WriteJson(o, network, limits, rows));
            else WriteTable(network, limits, rows);
            return ExitCodes.Success;
        });
        return command;
    }

    private static GenerationTimings RunOnce(VisionLanguageModel network, GenerationRequest request, GenerationOptions options, CancellationToken cancellation)
    {
        using GenerationSession session = network.Start([request], options);
        while (!session.IsFinished)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
        }

        return session.Timings;
    }

    private static List<Row> Rows(VisionLanguageModel network, GenerationRequest request, MachineLimits limits, List<GenerationTimings> timings)
    {
        var cost = new ModelCost(network.Model.Config);
        int images = request.Images.Count, promptTokens = timings[0].PromptTokens, decoded = timings[0].DecodedTokens;
        double vision = Median(timings, t => t.Vision), prefill = Median(timings, t => t.Prefill), decode = Median(timings, t => t.Decode) / decoded;
        double visionFlops = images * cost.VisionFlops(), prefillFlops = cost.PrefillFlops(promptTokens);
        double decodeBytes = network.Model.DecodeBytes;
        return
        [
            new Row("load", Loaded(network), network.LoadTime.TotalSeconds, 0, ""),
            new Row("vision", $"{visionFlops / 1e9:0.0} GFLOP", vision, visionFlops / (limits.FmaPeak * 1e9), $"{visionFlops / 1e9 / vision:0.0} GFLOP/s"),
            new Row("prefill", $"{promptTokens} tokens, {prefillFlops / 1e9:0.0} GFLOP", prefill, prefillFlops / (limits.FmaPeak * 1e9), $"{promptTokens / prefill:0.0} tokens/s"),
            new Row("decode, a token", $"{decodeBytes / 1e9:0.000} GB read", decode, decodeBytes / (limits.ReadBandwidth * 1e9), $"{1 / decode:0.00} tokens/s"),
        ];
    }

    private static string Loaded(VisionLanguageModel network) => network.Model.QuantizedBytes == 0
        ? $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped"
        : $"{network.Checkpoint.TotalBytes / 1e9:0.000} GB mapped, {network.Model.QuantizedBytes / 1e9:0.000} GB made";

    private static double Median(List<GenerationTimings> timings, Func<GenerationTimings, TimeSpan> part)
    {
        double[] values = [.. timings.Select(t => part(t).TotalSeconds).Order()];
        return values[values.Length / 2];
    }

    private static void WriteTable(VisionLanguageModel network, MachineLimits limits, List<Row> rows)
    {
        Console.WriteLine($"{network.Model.Backend.Name}: {network.Model.Backend.Description}");
        Console.WriteLine($"machine, measured now: read {limits.ReadBandwidth:0.0} GB/s, FMA {limits.FmaPeak:0.0} GFLOP/s on {limits.Threads} threads");
        var table = new Table().Border(TableBorder.Rounded).AddColumns("stage", "work", "time", "floor", "of the limit", "rate");
        foreach (Row row in rows)
            table.AddRow(row.Name, row.Work, $"{row.Seconds * 1e3:0.00} ms", row.FloorSeconds > 0 ? $"{row.FloorSeconds * 1e3:0.00} ms" : "-",
                row.FloorSeconds > 0 ? $"{row.FloorSeconds / row.Seconds:P0}" : "-", row.Rate);
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 120; // a file has no width to fit
        AnsiConsole.Write(table);
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter o, VisionLanguageModel network, MachineLimits limits, List<Row> rows)
    {
        o.WriteStartObject();
        o.WriteString("backend", $"{network.Model.Backend.Name}: {network.Model.Backend.Description}");
        o.WriteNumber("read_gb_per_s", Math.Round(limits.ReadBandwidth, 3));
        o.WriteNumber("fma_gflop_per_s", Math.Round(limits.FmaPeak, 3));
        o.WriteNumber("threads", limits.Threads);
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
                o.WriteNumber("share_of_limit", Math.Round(row.FloorSeconds / row.Seconds, 4));
                o.WriteString("rate", row.Rate);
            }

            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    /// <summary>A picture for when none was given: colour ramps. The time does not depend on what it shows.</summary>
    private static RgbImage TestCard(int side)
    {
        byte[] pixels = new byte[3 * side * side];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)(i * 255L / pixels.Length);
        return new RgbImage(side, side, pixels);
    }
}
