using System.Diagnostics;
using VlmSharp.Bench.Operators;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu;
using VlmSharp.Gpu.Measurement;

namespace VlmSharp.Bench.Gpu;

/// <summary>The time of every operator at the sizes of PaliGemma-3B, with its floor.</summary>
internal static class OperatorStep
{
    private const long RotatedBytes = 150_000_000; // three times the second-level cache of the largest card
    private const double RoundSeconds = 0.01;
    private const int Rounds = 3, MostCalls = 1 << 10, CallsInRecording = 16, Replays = 8;

    public static void Run(GpuOptions options, GpuPart part)
    {
        using GpuBackend backend = options.Start();
        using var probe = new GpuLimitProbe(backend);
        GpuLimits limits = probe.Measure();
        OperatorSizes[] sizes = options.IsDry
            ? [new(1, 20, 64, 128, 4, 1, 16, 300), new(20, 0, 64, 128, 4, 1, 16, 300)]
            : [
                OperatorSizes.PaliGemma(1, 260),
                OperatorSizes.PaliGemma(260, 0),
                OperatorSizes.PaliGemma(16, 260),
                OperatorSizes.PaliGemma(4160, 0)
            ];
        foreach (OperatorCase measured in sizes.SelectMany(OperatorCases.Of)
            .Where(c => c.Sizes.Rows < 1000 || c.Name.StartsWith("Linear, ", StringComparison.Ordinal)))
            part.Try($"{measured}", () => Measure(measured, backend, limits, part, options.IsDry ? 0 : RotatedBytes));
    }

    private static void Measure(OperatorCase measured, GpuBackend backend, GpuLimits limits, GpuPart part, long rotated)
    {
        using var inputs = new OperatorInputs(backend, rotated);
        Func<Matrix> run = measured.Prepare(inputs);
        Round(1); // compiles
        double seconds = Round(1);
        int calls = 1;
        for (; seconds * calls < RoundSeconds && calls < MostCalls; seconds = Round(calls))
            calls = (int)Math.Min(MostCalls, Math.Max(2 * calls, 1.2 * RoundSeconds / seconds));
        for (int round = 1; round < Rounds; round++) seconds = Math.Min(seconds, Round(calls));
        double? recorded = null;
        if (backend.Name == "cuda") part.Try($"{measured}, recorded", () => recorded = Recorded(inputs, run));
        double floor = Math.Max(measured.Bytes / (limits.ReadBandwidth * 1e9), measured.Flops / (limits.Peak * 1e9));
        part.Add("operators",
            ("operator", measured.Name),
            ("sizes", $"{measured.Sizes}"),
            ("microseconds_queued", GpuPart.Number(1e6 * seconds)),
            ("microseconds_recorded", recorded is null ? null : GpuPart.Number(1e6 * recorded.Value)),
            ("floor_microseconds", floor > 0 ? GpuPart.Number(1e6 * floor) : null),
            ("share", floor > 0 ? GpuPart.Number(floor / (recorded ?? seconds), 3) : null));

        double Round(int count)
        {
            inputs.Wait();
            long start = Stopwatch.GetTimestamp();
            for (int call = 0; call < count; call++) run().Dispose();
            inputs.Wait();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }
    }

    /// <summary>The time of a call in a recording of sixteen, which excludes the time of the host to queue it.</summary>
    private static double Recorded(OperatorInputs inputs, Func<Matrix> run)
    {
        Matrix input = inputs.Numbers(1, 1);
        var key = new ReplayKey(inputs, 1, new ChoiceRules([]));
        for (int call = 0; call < 3; call++) Replay(); // the second call is recorded
        double best = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            inputs.Wait();
            long start = Stopwatch.GetTimestamp();
            for (int call = 0; call < Replays; call++) Replay();
            inputs.Wait();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / (Replays * CallsInRecording));
        }

        return best;

        void Replay() => inputs.Backend.Replay(key, input, run, static (input, run) =>
        {
            for (int call = 1; call < CallsInRecording; call++) run().Dispose();
            Matrix last = run();
            return last.HasValue ? last : input.Retain();
        }).Dispose();
    }
}
