using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Bench.Targets;

/// <summary>A whole request with picture and prompt, and opening the model.</summary>
internal static class StageTargets
{
    private const int Repetitions = 3, NewTokens = 13, Settling = 3;

    /// <summary>
    /// Targets 2, 3 and 6: vision, prefill and decode of a session, the first request compared with later ones, and what decode allocates.
    /// </summary>
    public static void Session(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        using var model = VisionLanguageModel.Open(folder, backend);
        model.ImageFeatures.MaxBytes = 0; // every run encodes its picture
        var cost = new ModelCost(model.Config);
        int tokens = model.Config.Vision.Patches + 4;
        var vision = new PairedSeries(probe, 0, cost.VisionFlops());
        var prefill = new PairedSeries(probe, 0, cost.PrefillFlops(tokens));
        var decode = new PairedSeries(probe, (NewTokens - 1) * (double)model.Network.DecodeBytes, 0);
        double first = RunOnce(model, probe, [], out _);
        long allocated = 0;
        for (int i = 0; i < Repetitions; i++) RunOnce(model, probe, [vision, prefill, decode], out allocated);

        table.Add("vision", $"{model.Config.Vision.ImageSize} px", vision, $"{cost.VisionFlops() / vision.Seconds / 1e9:0} GFLOP/s", 0.75);
        table.Add("prefill bf16", $"{tokens} tokens", prefill, $"{tokens / prefill.Seconds:0.0} tokens/s", 0.8);
        table.Add(
            "decode of a session", $"after {tokens} tokens", decode, $"{(NewTokens - 1) / decode.Seconds:0.00} tokens/s", 0.95,
            NewTokens - 1);
        table.Add("managed memory", "decode of a session", "", "", "", $"{allocated} bytes a token", "0", allocated == 0);
        double later = vision.Seconds + prefill.Seconds;
        table.Add(
            "first token", "first request after opening", "", TargetTable.Time(first), "", $"{first / later:0.00} of a later one",
            "<= 1.1", first <= 1.1 * later);
    }

    /// <summary>Target 6: opening the model.</summary>
    public static void Load(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        var seconds = new List<double>();
        long bytes = 0;
        for (int i = 0; i < 5; i++)
        {
            using var model = VisionLanguageModel.Open(folder, backend);
            seconds.Add(model.LoadTime.TotalSeconds);
            bytes = model.Checkpoint.TotalBytes;
        }
        double worst = seconds.Max();
        table.Add("load", $"{bytes / 1e9:0.0} GB, the slowest of 5", "", "", "", TargetTable.Time(worst), "< 0.5 s", worst < 0.5);
    }

    /// <summary>Runs a request and adds its stages to the series, in their order.</summary>
    /// <param name="model">The model to run.</param>
    /// <param name="probe">Measures around the stages.</param>
    /// <param name="series">The series of vision, prefill and decode, or none.</param>
    /// <param name="allocated">Managed bytes that a decoded token allocated, on all threads.</param>
    /// <returns>Seconds to the first token.</returns>
    private static double RunOnce(VisionLanguageModel model, LimitProbe probe, PairedSeries[] series, out long allocated)
    {
        int side = model.Config.Vision.ImageSize;
        var request =
            new GenerationRequest { Images = [new RgbImage(side, side, new byte[3 * side * side])], PromptIds = [2, 4521, 235248, 108] };
        using GenerationSession session =
            model.Start([request], new GenerationOptions { MaxNewTokens = NewTokens, IgnoreEndOfSequence = true });
        MachineLimits before = probe.Measure();
        session.Step();
        MachineLimits between = probe.Measure();
        for (int i = 0; i < Settling; i++) session.Step(); // the first steps allocate what later steps reuse
        long managed = GC.GetTotalAllocatedBytes(true);
        const int Measured = NewTokens - 2 - Settling;
        for (int i = 0; i < Measured; i++) session.Step();
        allocated = (GC.GetTotalAllocatedBytes(true) - managed) / Measured;
        while (!session.IsFinished) session.Step(); // the last step also looks whether the model's files are unchanged, and allocates
        MachineLimits after = probe.Measure();

        GenerationTimings t = session.Timings;
        if (series is [var vision, var prefill, var decode])
        {
            vision.Add(t.Vision, before.Best(between));
            prefill.Add(t.Prefill, before.Best(between));
            decode.Add(t.Decode, between.Best(after));
        }
        return (t.Vision + t.Prefill).TotalSeconds;
    }
}
