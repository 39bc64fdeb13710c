using System.Diagnostics;
using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Measurement;

/// <summary>
/// Measures <see cref="MachineLimits"/> in a tenth of a second, repeatedly: on a machine shared with others the limits
/// change within seconds, so a time is meaningful only with limits measured right before and right after it.
/// </summary>
/// <remarks>
/// Allocates 256 MB to read, more than caches hold. Four streams per thread reach the machine's limit: eight streams or prefetch
/// instructions measured the same in alternating rounds; one stream measured a quarter less. A thread that just woke up may
/// share a core with another for some tens of milliseconds, so rounds last longer than that.
/// </remarks>
internal sealed unsafe class LimitProbe : IDisposable
{
    private const long Floats = 1L << 26;
    private const int Streams = 4, SegmentFloats = 1 << 20, Segments = (int)(Floats / SegmentFloats);
    private const int LineFloats = 16, FmaSteps = 1 << 17, FmaItems = 16, Chains = 12, Rounds = 8;

    private readonly ThreadTeam team;
    private readonly bool ownsTeam;
    private readonly SimdTier tier;
    private readonly NativeBuffer memory = new();
    private readonly float* data;

    /// <summary>Measures on a backend's own threads, between its operators, so that the threads stay awake.</summary>
    /// <param name="backend">The caller disposes of it after the probe; it must not be in use during a measurement.</param>
    public LimitProbe(CpuBackend backend)
        : this((backend ?? throw new ArgumentNullException(nameof(backend))).Simd, backend.Team) { }

    /// <summary>Starts its own threads.</summary>
    /// <param name="options">Threads and vector registers; null to use the whole machine.</param>
    /// <exception cref="ArgumentException">
    /// The processor lacks the requested vector registers, or the number of threads is not above 0.
    /// </exception>
    public LimitProbe(CpuBackendOptions options)
        : this(
            SimdTiers.Resolve((options ?? throw new ArgumentNullException(nameof(options))).Simd, options.AllowEmulation),
            new ThreadTeam(options.ResolveThreads())) =>
        ownsTeam = true;

    // The tier comes first, because resolving it can fail: threads started before that would never stop.
    private LimitProbe(SimdTier tier, ThreadTeam team)
    {
        (this.team, this.tier) = (team, tier);
        data = memory.Reserve(Floats + LineFloats * team.Count);
        team.Run(new FillJob { Data = data }, Segments);
    }

    /// <summary>Number of threads used for measuring.</summary>
    public int Threads => team.Count;

    // A cache line for the result of each thread.
    private float* Sums => data + Floats;

    /// <summary>Bytes that <see cref="Read"/> reads.</summary>
    internal static double ReadBytes => Floats * sizeof(float);

    /// <summary>Floating-point operations that <see cref="Multiply"/> does.</summary>
    internal double MultiplyFlops => 2.0 * (SimdTiers.Bits(tier) / 32) * Chains * FmaSteps * FmaItems * team.Count;

    /// <summary>Measures both limits now.</summary>
    /// <returns>The best of a few rounds of some milliseconds, since other programs can only slow a round down.</returns>
    public MachineLimits Measure()
    {
        double read = double.MaxValue, multiply = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            multiply = Math.Min(multiply, Seconds(Multiply));
            read = Math.Min(read, Seconds(Read));
        }
        return new MachineLimits(ReadBytes / read / 1e9, MultiplyFlops / multiply / 1e9, team.Count, tier);
    }

    /// <summary>Reads the memory once, on all threads.</summary>
    internal void Read()
    {
        switch (tier)
        {
            case SimdTier.Vector512: Read<V512>(); break;
            case SimdTier.Vector256: Read<V256>(); break;
            default: Read<V128>(); break;
        }
    }

    /// <summary>Multiplies and adds in registers for some milliseconds, on all threads.</summary>
    internal void Multiply()
    {
        switch (tier)
        {
            case SimdTier.Vector512: Multiply<V512>(); break;
            case SimdTier.Vector256: Multiply<V256>(); break;
            default: Multiply<V128>(); break;
        }
    }

    private void Read<V>() where V : struct, IFloats<V> =>
        team.Run(new ReadJob<V> { Data = data, Sums = Sums }, Segments);

    private void Multiply<V>() where V : struct, IFloats<V> =>
        team.Run(new FmaJob<V> { Sums = Sums }, FmaItems * team.Count);

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Frees the memory, and ends its own threads.</summary>
    public void Dispose()
    {
        if (ownsTeam) team.Dispose();
        memory.Dispose();
    }

    private struct FillJob : IJob
    {
        public float* Data;

        public readonly void Execute(int item, int worker) => new Span<float>(Data + (nint)item * SegmentFloats, SegmentFloats).Fill(1);
    }

    // Several streams per thread, as the matrix-vector kernel reads several rows: the prefetchers then keep more lines in flight.
    private struct ReadJob<V> : IJob where V : struct, IFloats<V>
    {
        public float* Data, Sums;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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
            Sums[worker * LineFloats] += V.Sum(a + b + (c + d));
        }
    }

    private struct FmaJob<V> : IJob where V : struct, IFloats<V>
    {
        public float* Sums;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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
            Sums[worker * LineFloats] += V.Sum(a + b + c + d + (e + f + g + h) + (i + j + k + l));
        }
    }
}
