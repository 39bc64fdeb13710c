using System.Diagnostics;
using System.Globalization;
using VlmSharp.Bench.Targets;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Bench;

/// <summary>
/// <c>operators MODEL_DIR [as-stored|int8|int4|nf4] [ROUNDS] [ACTIVATION_BITS]</c>: the time of each stage beside the machine's limits, and
/// which operators it went to. Of some rounds the best is shown, since other programs can only slow a round down.
/// </summary>
internal static class OperatorsProgram
{
    private const int PromptTokens = 4, Together = 8;

    /// <summary>Measures vision, prefill and decode.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length == 0 || !Directory.Exists(args[0]))
        {
            Console.Error.WriteLine("usage: operators MODEL_DIR [as-stored|int8|int4|nf4] [ROUNDS] [ACTIVATION_BITS]");
            return 2;
        }

        DType? format = args.Length > 1 && Enum.TryParse(args[1], ignoreCase: true, out DType named) ? named : null;
        int rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 3;
        using var cpu = new CpuBackend(new CpuBackendOptions
        {
            ActivationBits = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : null,
        });
        using var times = new OperatorTimes(cpu);
        using var probe = new LimitProbe(cpu);
        using var model = VisionLanguageModel.Open(args[0], times, new ModelOptions { Quantization = format });
        PaliGemmaModel network = model.Network;
        var cost = new ModelCost(network.Config);
        int side = network.Config.Vision.ImageSize, tokens = network.Config.Vision.Patches + PromptTokens;
        using Matrix pixels = times.Upload(new float[3 * side * side], 1, 3 * side * side); // [1, 3 * S * S]
        using DecodeLoop one = new(network, 1, tokens), many = new(network, Together, tokens);

        Console.WriteLine($"{cpu.Description}; {format?.ToString() ?? "as stored"}");
        Stage("vision", cost.VisionFlops(), 0, () => network.EncodeImages(pixels).Dispose());
        Stage($"prefill of {tokens} tokens", cost.PrefillFlops(tokens), 0, () => DecodeLoop.Prefill(network, tokens));
        Stage("decode, one answer", 0, network.DecodeBytes, () => Step(one));
        Stage($"decode, {Together} answers", many.StepFlops, network.DecodeBytes, () => Step(many));
        return 0;

        void Stage(string name, double flops, double bytes, Action work)
        {
            work();
            double best = double.MaxValue, floor = 0;
            string table = "";
            for (int i = 0; i < (bytes > 0 ? 8 * rounds : rounds); i++)
            {
                MachineLimits before = probe.Measure();
                times.Reset();
                long start = Stopwatch.GetTimestamp();
                work();
                double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
                string operators = times.Table();
                if (took >= best) continue;
                (best, table, floor) = (took, operators, before.Best(probe.Measure()).FloorSeconds(bytes, flops));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name}: {best * 1e3:0.0} ms, {floor / best:P0} of the limit\n{table}"));
        }
    }

    private static void Step(DecodeLoop loop)
    {
        loop.Step();
        loop.Rewind();
    }
}
