using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace VlmSharp.Cpu;

/// <summary>
/// The two speeds that bound every kernel on this machine: how fast all threads read memory (the floor under decode, which
/// touches every weight once per token) and how fast they multiply and add (the floor under prefill and the vision encoder).
/// </summary>
/// <param name="ReadBandwidth">GB/s (10^9 bytes) of reading memory that no cache holds.</param>
/// <param name="FmaPeak">GFLOP/s of fp32 multiply-adds on registers, each counted as two.</param>
/// <param name="Threads">Threads it was measured on.</param>
/// <param name="Tier">Vector registers it was measured with.</param>
public readonly unsafe record struct MachineLimits(double ReadBandwidth, double FmaPeak, int Threads, SimdTier Tier)
{
    private const long Floats = 1L << 26; // 256 MB: larger than any cache
    private const int Streams = 4, SegmentFloats = 1 << 20, FmaSteps = 1 << 17, FmaItems = 16, Chains = 12, Rounds = 12;

    /// <summary>Measures, in about a second.</summary>
    /// <param name="options">Threads and tier; null for the defaults.</param>
    /// <returns>The limits: the best of several rounds, since other programs can only slow a round down.</returns>
    public static MachineLimits Measure(CpuBackendOptions? options = null)
    {
        options ??= new CpuBackendOptions();
        SimdTier tier = SimdTiers.Resolve(options.Simd, options.AllowEmulation);
        using var context = new CpuContext(options.ResolveThreads());
        return tier switch
        {
            SimdTier.Vector512 => Measure<V512>(context, tier),
            SimdTier.Vector256 => Measure<V256>(context, tier),
            _ => Measure<V128>(context, tier),
        };
    }

    private static MachineLimits Measure<V>(CpuContext context, SimdTier tier) where V : struct, ISimd<V>
    {
        int threads = context.Team.Count;
        float* data = context.Shared.Reserve(Floats);
        float* sums = context.PerThread(16, out long stride);
        int segments = (int)(Floats / SegmentFloats);
        context.Team.Run(new FillJob { Data = data }, segments);
        double fill = double.MaxValue, fma = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            fma = Math.Min(fma, Time(context, new FmaJob<V> { Sums = sums, SumStride = stride }, FmaItems * threads));
            fill = Math.Min(fill, Time(context, new ReadJob<V> { Data = data, Sums = sums, SumStride = stride }, segments));
        }
        return new MachineLimits(Floats * sizeof(float) / fill / 1e9, 2.0 * V.Count * Chains * FmaSteps * FmaItems * threads / fma / 1e9, threads, tier);
    }

    private static double Time<TJob>(CpuContext context, in TJob job, int items) where TJob : struct, IJob
    {
        long start = Stopwatch.GetTimestamp();
        context.Team.Run(job, items);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct FillJob : IJob
    {
        public float* Data;

        public readonly void Execute(int item, int worker) => new Span<float>(Data + (nint)item * SegmentFloats, SegmentFloats).Fill(1);
    }

    // Several streams a thread, as the matrix-vector kernel reads several rows: the prefetchers then keep more lines in flight.
    private struct ReadJob<V> : IJob where V : struct, ISimd<V>
    {
        public float* Data, Sums;
        public long SumStride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute(int item, int worker)
        {
            const int Distance = SegmentFloats / Streams;
            float* p = Data + (nint)item * SegmentFloats;
            V a = V.Zero, b = V.Zero, c = V.Zero, d = V.Zero;
            V one = V.Broadcast(1);
            for (float* end = p + Distance; p < end; p += 2 * V.Count)
            {
                V.Accumulate(ref a, V.Load(p), one);
                V.Accumulate(ref b, V.Load(p + Distance), one);
                V.Accumulate(ref c, V.Load(p + 2 * Distance), one);
                V.Accumulate(ref d, V.Load(p + 3 * Distance), one);
                V.Accumulate(ref a, V.Load(p + V.Count), one);
                V.Accumulate(ref b, V.Load(p + Distance + V.Count), one);
                V.Accumulate(ref c, V.Load(p + 2 * Distance + V.Count), one);
                V.Accumulate(ref d, V.Load(p + 3 * Distance + V.Count), one);
            }
            Sums[worker * SumStride] += V.Sum(a + b + (c + d));
        }
    }

    private struct FmaJob<V> : IJob where V : struct, ISimd<V>
    {
        public float* Sums;
        public long SumStride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute(int item, int worker)
        {
            V x = V.Broadcast(0.999f), y = V.Broadcast(0.001f);
            V a = x, b = y, c = x + y, d = x - y, e = a, f = b, g = c, h = d, i = a, j = b, k = c, l = d;
            for (int step = 0; step < FmaSteps; step++)
            {
                a = V.MultiplyAdd(a, x, y); b = V.MultiplyAdd(b, x, y); c = V.MultiplyAdd(c, x, y);
                d = V.MultiplyAdd(d, x, y); e = V.MultiplyAdd(e, x, y); f = V.MultiplyAdd(f, x, y);
                g = V.MultiplyAdd(g, x, y); h = V.MultiplyAdd(h, x, y); i = V.MultiplyAdd(i, x, y);
                j = V.MultiplyAdd(j, x, y); k = V.MultiplyAdd(k, x, y); l = V.MultiplyAdd(l, x, y);
            }
            Sums[worker * SumStride] += V.Sum(a + b + c + d + (e + f + g + h) + (i + j + k + l));
        }
    }
}
