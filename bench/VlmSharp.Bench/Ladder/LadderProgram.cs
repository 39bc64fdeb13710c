using System.Diagnostics;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Ladder.Attention;
using VlmSharp.Ladder.MatrixProduct;

namespace VlmSharp.Bench.Ladder;

/// <summary>
/// Times every rung of <c>bench/VlmSharp.Ladder</c> and the library's own kernels: the tables of
/// <c>VlmSharp.Cpu/Kernels/Products/MatMul.md</c> and <c>VlmSharp.Cpu/Kernels/Attention/Attention.md</c>.
/// </summary>
internal static unsafe class LadderProgram
{
    // The vision encoder at 448 pixels, 1024 patches: the second product of a feed-forward layer, and the attention of some heads.
    private static readonly ProductShape Product = new(1024, 1152, 4304);
    private static readonly AttentionShape OneHead = new(1024, 72, 1024);
    private const int Heads = 4;
    private const double Seconds = 0.7; // for each row, and at least one run

    /// <summary>Measures all rungs and prints one table, in Markdown.</summary>
    public static void Run()
    {
        int threads = new CpuBackendOptions().ResolveThreads();
        MachineLimits eight = MachineLimits.Measure(new CpuBackendOptions { Threads = 1, Simd = Narrow() });
        MachineLimits one = MachineLimits.Measure(new CpuBackendOptions { Threads = 1 }), all = MachineLimits.Measure();
        Console.WriteLine(
            $"Peaks: one thread {eight.FmaPeak:0} GFLOP/s with registers of {Bits(eight)} bits, {one.FmaPeak:0} with {Bits(one)}; "
            + $"{all.Threads} threads {all.FmaPeak:0} with {Bits(all)}.");
        Console.WriteLine("Of the peak: that of the same registers and threads.\n\n| rung | time | GFLOP/s | of the peak |");
        Console.WriteLine("| --- | --- | --- | --- |");
        MachineLimits eightAll = eight with { FmaPeak = eight.FmaPeak * all.FmaPeak / one.FmaPeak }; // as many cores, half of the width
        Products(eight, eightAll, one, all, threads);
        Attentions(eight, eightAll, one, all, threads);
    }

    private static void Products(MachineLimits eight, MachineLimits eightAll, MachineLimits one, MachineLimits all, int threads)
    {
        float[] x = Numbers(Product.Rows * Product.Inputs), w = Numbers(Product.Outputs * Product.Inputs);
        float[] y = new float[Product.Rows * Product.Outputs];
        Console.WriteLine($"| **Matrix product** {Product.Rows} x {Product.Outputs} x {Product.Inputs} | | | |");
        fixed (float* px = x, pw = w, py = y)
        {
            (nint xAt, nint wAt, nint yAt) = ((nint)px, (nint)pw, (nint)py);
            int number = 0;
            foreach ((string name, ProductLadder.Product multiply) in ProductLadder.Rungs)
            {
                bool shared = ++number == ProductLadder.Rungs.Count;
                Row($"{number} {name}", Product.Flops, (shared ? eightAll : eight).FmaPeak,
                    () => multiply((float*)xAt, (float*)wAt, (float*)yAt, Product));
            }
        }

        ushort[] half = [.. w.Select(BFloat16.FromSingle)];
        fixed (ushort* data = half)
            foreach (int count in new[] { 1, threads }.Distinct())
            {
                using var backend = new CpuBackend(new CpuBackendOptions { Threads = count });
                var stored = new WeightData("w", DType.BF16, Product.Outputs, Product.Inputs, (nint)data, half);
                using Weight weight = backend.LoadWeight(stored);
                using Matrix input = backend.Upload(x, Product.Rows, Product.Inputs);
                Row($"the library, bf16 weights, {Threads(count)}", Product.Flops, (count == 1 ? one : all).FmaPeak,
                    () => backend.Linear(input, weight).Dispose());
            }
    }

    private static void Attentions(MachineLimits eight, MachineLimits eightAll, MachineLimits one, MachineLimits all, int threads)
    {
        int floats = OneHead.Tokens * OneHead.HeadDim;
        float[] q = Numbers(Heads * floats), k = Numbers(Heads * floats), v = Numbers(Heads * floats), y = new float[Heads * floats];
        double flops = Heads * OneHead.Flops;
        Console.WriteLine($"| **Attention** {OneHead.Tokens} tokens, {Heads} heads of {OneHead.HeadDim} | | | |");
        fixed (float* pq = q, pk = k, pv = v, py = y)
        {
            (nint qAt, nint kAt, nint vAt, nint yAt) = ((nint)pq, (nint)pk, (nint)pv, (nint)py);
            int number = 0;
            foreach ((string name, AttentionLadder.OneHead attend) in AttentionLadder.Rungs)
            {
                bool shared = ++number == AttentionLadder.Rungs.Count;
                Row($"{number} {name}", flops, (shared ? eightAll : eight).FmaPeak, () =>
                {
                    for (int head = 0, at = 0; head < Heads; head++, at += floats)
                        attend((float*)qAt + at, (float*)kAt + at, (float*)vAt + at, (float*)yAt + at, OneHead);
                });
            }
        }

        foreach (int count in new[] { 1, threads }.Distinct())
        {
            using var backend = new CpuBackend(new CpuBackendOptions { Threads = count });
            int width = Heads * OneHead.HeadDim;
            using Matrix query = backend.Upload(q, OneHead.Tokens, width);
            using Matrix key = backend.Upload(k, OneHead.Tokens, width), value = backend.Upload(v, OneHead.Tokens, width);
            SequenceBatch batch = new();
            batch.Add(OneHead.Tokens, OneHead.Prefix);
            var spec = new AttentionSpec(Heads, Heads, OneHead.HeadDim, OneHead.Scale);
            Row($"the library, {Threads(count)}", flops, (count == 1 ? one : all).FmaPeak,
                () => backend.Attention(query, key, value, batch.Table, spec).Dispose());
        }
    }

    // The best of the runs, because other programs can only slow a run down. The first run compiles; it counts only if there is no other.
    private static void Row(string name, double flops, double peak, Action run)
    {
        double best = Time(run);
        for (double sum = best; sum < Seconds;)
        {
            double time = Time(run);
            best = Math.Min(best, time);
            sum += time;
        }

        double rate = flops / best / 1e9;
        Console.WriteLine($"| {name} | {best * 1e3:0.0} ms | {rate:0.0} | {rate / peak:P0} |");
    }

    private static double Time(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static SimdTier Narrow() => System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? SimdTier.Vector256 : SimdTier.Vector128;

    private static int Bits(MachineLimits limits) => SimdTiers.Bits(limits.Tier);

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static float[] Numbers(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
    }
}
