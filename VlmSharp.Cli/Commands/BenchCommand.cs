using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Measurement;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp bench</c>: measures where the time goes, and compares it with the limits of this machine.</summary>
internal static class BenchCommand
{
    private const int DefaultTokens = 16, DefaultRuns = 3, MostBatch = 256;

    public static Command Create()
    {
        var command = new ExampleCommand("bench", "Measures load, vision, prefill and decode beside this machine's own limits.", """
            Floors are flops / peak for vision and prefill, and for decode the larger of bytes / bandwidth and flops / peak. Both limits
            are measured right before and right after these stages in every run; the better of the two counts, for that run
            alone. Times and shares are medians of --repeat runs after a warm-up. The peak is that of fp32 multiply-adds; with --quantize
            prefill multiplies integers, more of them at a time, and may come in below that floor. A list of backends is run one after
            another, and each backend's stages stand beside its own floors; with --json as {"runs": [...]}.

            Examples:
              vlmsharp bench
              vlmsharp bench --model paligemma-3b-mix-224 --image photo.jpg --max-new-tokens 16
              vlmsharp bench --model DIR --prompt-ids 2,4521,108 --json
              vlmsharp bench --model DIR --quantize int4 --batch 8
              vlmsharp bench --model DIR --backend cpu,cuda --svg bench.svg
            """);
        var prompt = new PromptBinder(required: false);
        prompt.AddTo(command);
        var model = new ModelOptionsBinder(severalBackends: true);
        model.AddTo(command);
        Option<int?> batch = NumberOption.Create<int>("--batch", "N", "Requests that are decoded together (default: 1).", "-b");
        Option<int?> tokens = NumberOption.Create<int>(
            "--max-new-tokens", "N", $"Tokens to decode in each run (default: {DefaultTokens}).", "-n");
        Option<int?> repeat = NumberOption.Create<int>("--repeat", "N", $"Counted runs, after one warm-up (default: {DefaultRuns}).", "-r");
        var json = new Option<bool>("--json") { Description = "One JSON object instead of a table." };
        var svg = new Option<string?>("--svg") { Description = "Also write the stages as a bar chart.", HelpName = "X.svg" };
        FileList.RefuseEmpty(svg);
        foreach (Option option in new Option[] { batch, tokens, repeat, json, svg }) command.Add(option);
        command.Add(BenchServeCommand.Create());
        command.SetAction(async (parsed, cancellation) =>
        {
            int runs = parsed.GetValue(repeat) ?? DefaultRuns;
            int count = parsed.GetValue(tokens) ?? DefaultTokens;
            if (runs < 1 || count < 2) throw new UsageException("--repeat must be at least 1 and --max-new-tokens at least 2.");
            int together = NumberOption.InRange(parsed, batch, 1, MostBatch) ?? 1;
            if (parsed.GetValue(svg) is { } target) OutputFolder.Require(target, svg, ".svg");
            var reports = new List<BenchReport>();
            foreach (string name in model.Backends.Names(parsed)) reports.Add(await MeasureAsync(parsed, name));
            Print(reports, parsed.GetValue(json));
            if (parsed.GetValue(svg) is { } file) new BenchChart(reports).Save(file);
            return ExitCodes.Success;

            async Task<BenchReport> MeasureAsync(ParseResult parsed, string name)
            {
                using IComputeBackend backend = model.Backends.Create(parsed, name);
                using VisionLanguageModel network = model.Open(parsed, backend, cancellation);
                if (!backend.IsQueued) network.ImageFeatures.MaxBytes = 0; // every run encodes its picture
                GenerationRequest[] requests = [.. Enumerable.Repeat(Request(parsed, prompt, network), together)];
                using ILimits? limits = LimitsOf(parsed, model.Backends, backend);
                var options = new GenerationOptions { MaxNewTokens = count, IgnoreEndOfSequence = true };
                var measured = new List<BenchRun>();
                for (int run = 0; run <= runs; run++)
                {
                    string label = $"{name}: {(run == 0 ? "warming up" : $"run {run} of {runs}")}";
                    BenchRun result = await Progress.RunAsync(
                        label, () => BenchRun.Measure(network, requests, options, limits, cancellation), cancellation);
                    if (run > 0) measured.Add(result);
                }

                await RequestNotes.WriteAsync(network, requests[0], measured[0].Timings.PromptTokens / together, tokens, count);
                return new BenchReport(network, together, measured, limits);
            }
        });
        return command;
    }

    private static void Print(List<BenchReport> reports, bool json)
    {
        if (reports is [var only])
        {
            if (json) JsonOutput.WriteLine(only.WriteJson);
            else only.WriteTable();
            return;
        }

        var comparison = new BenchComparison(reports);
        if (json) JsonOutput.WriteLine(comparison.WriteJson);
        else comparison.WriteTable();
    }

    /// <summary>Measures the limits of a backend, on the backend's own threads if it has any; null if nothing measures them.</summary>
    private static ILimits? LimitsOf(ParseResult parsed, BackendOptionsBinder options, IComputeBackend on) => on switch
    {
        CpuBackend cpu => new CpuLimits(new LimitProbe(cpu)),
        ReferenceBackend => new CpuLimits(options.Checked(parsed, cpu => new LimitProbe(cpu))),
        _ => DeviceLimits.Of(on),
    };

    private static GenerationRequest Request(ParseResult parsed, PromptBinder prompt, VisionLanguageModel network)
    {
        RgbImage[] images = [.. prompt.Files(parsed).Select(path => PictureInput.Load(path))];
        GenerationRequest request = prompt.Request(parsed, images.Length > 0 ? images : [TestCard(network.Config.Vision.ImageSize)]);
        if (request.PromptIds is not null || request.Prompt.Length > 0) return request;
        return network.Tokenizer is null
            ? request with { PromptIds = [network.Config.BosTokenId] }
            : request with { Prompt = "caption en" };
    }

    /// <summary>A gray ramp, used when no picture is given. The time does not depend on the picture's content.</summary>
    private static RgbImage TestCard(int side)
    {
        byte[] pixels = new byte[3 * side * side];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)(i * 255L / pixels.Length);
        return new RgbImage(side, side, pixels);
    }
}
