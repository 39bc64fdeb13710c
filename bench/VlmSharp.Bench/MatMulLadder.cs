using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Bench;

/// <summary>
/// The versions of a matrix product, each with one idea more than the one before: the ladder of <c>VlmSharp.Cpu/Kernels/Products/MatMul.md</c>.
/// y[t, n] = sum_k x[t, k] w[n, k]; w is widened to fp32 beforehand in all but the last two, which read bf16.
/// </summary>
internal static unsafe class MatMulLadder
{
    private const int T = 256, N = 1152, K = 4304;

    /// <summary>Measures all versions and prints a line for each.</summary>
    public static void Run()
    {
        MachineLimits limits = MachineLimits.Measure(new CpuBackendOptions { Threads = 1 });
        Console.WriteLine($"{T} x {N} x {K}; one thread at best {limits.FmaPeak:0.0} GFLOP/s");
        float* x = Fill(T * K), w = Fill(N * K), y = Fill(T * N);
        Report("naive loops", 1, limits, () => Naive(x, w, y));
        float[] expected = new ReadOnlySpan<float>(y, T * N).ToArray(); // small whole numbers: every order of adding gives the same
        void Check(string name, ReadOnlySpan<float> got)
        {
            if (!got.SequenceEqual(expected)) throw new InvalidOperationException($"'{name}' computes something else than the naive loops.");
        }

        void Rung(string name, Action run)
        {
            Report(name, 5, limits, run);
            Check(name, new ReadOnlySpan<float>(y, T * N));
        }

        Rung("vector dot product", () => VectorDot<V256>(x, w, y));
        Rung("register tile, nothing packed", () => TileInPlace<V256>(x, w, y));
        Rung("the same on packed panels", () => TilePacked<V256>(x, w, y));
        ushort* half = (ushort*)NativeMemory.AlignedAlloc((nuint)N * K * sizeof(ushort), 64);
        for (int i = 0; i < N * K; i++) half[i] = BFloat16.FromSingle(w[i]);
        foreach (int threads in new[] { 1, 2 })
        {
            using var backend = new CpuBackend(new CpuBackendOptions { Threads = threads });
            using Weight weight = backend.LoadWeight(new WeightData("w", DType.BF16, N, K, (nint)half, new object()));
            Matrix input = backend.Upload(new ReadOnlySpan<float>(x, T * K), T, K);
            MachineLimits of = threads == 1 ? limits : MachineLimits.Measure(new CpuBackendOptions { Threads = threads });
            string name = $"blocked for L2, bf16 weights, {threads} thread(s)";
            Report(name, 9, of, () => backend.Linear(input, weight).Dispose());
            using Matrix output = backend.Linear(input, weight);
            float[] got = new float[T * N];
            backend.Download(output, got);
            Check(name, got);
        }
    }

    private static void Report(string name, int rounds, MachineLimits limits, Action run)
    {
        run();
        double best = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        double rate = 2.0 * T * N * K / best / 1e9;
        Console.WriteLine($"{name,-42} {best * 1e3,9:0.0} ms {rate,7:0.0} GFLOP/s {rate / limits.FmaPeak,6:P0}");
    }

    private static float* Fill(int count)
    {
        float* data = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
        for (int i = 0; i < count; i++) data[i] = i % 17 - 8;
        return data;
    }

    // One sum after the other: each multiply-add waits for the one before.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Naive(float* x, float* w, float* y)
    {
        for (int t = 0; t < T; t++)
            for (int n = 0; n < N; n++)
            {
                float sum = 0;
                for (int k = 0; k < K; k++) sum += x[t * K + k] * w[n * K + k];
                y[t * N + n] = sum;
            }
    }

    // Eight partial sums in a register: still one chain, and two loads for each multiply-add.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void VectorDot<V>(float* x, float* w, float* y) where V : struct, ISimd<V>
    {
        for (int t = 0; t < T; t++)
            for (int n = 0; n < N; n++)
            {
                V sum = V.Zero;
                for (int k = 0; k < K; k += V.Count) V.Accumulate(ref sum, V.Load(x + t * K + k), V.Load(w + n * K + k));
                y[t * N + n] = V.Sum(sum);
            }
    }

    // The tile of registers on a transposed x [K, T], whose rows lie T apart: every step of k is on another page.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TileInPlace<V>(float* x, float* w, float* y) where V : struct, ISimd<V>
    {
        float* across = Fill(K * T), sums = Fill(N * T), rows = Fill(Tile.Rows<V>() * Tile.Stride);
        Packing.Transpose(x, K, T, K, across, T);
        for (int n = 0; n < N; n += Tile.Rows<V>())
            for (int k = 0; k < K; k += Tile.Stride)
            {
                int count = Math.Min(Tile.Stride, K - k);
                for (int i = 0; i < Tile.Rows<V>(); i++) new Span<float>(w + (n + i) * K + k, count).CopyTo(new Span<float>(rows + i * Tile.Stride, count));
                for (int t = 0; t < T; t += 2 * V.Count) Tile.MultiplyInPlace<V>(rows, across + k * T + t, T, sums + n * T + t, T, count, k > 0);
            }
        Packing.Transpose(sums, T, N, T, y, N);
        foreach (nint buffer in new[] { (nint)across, (nint)sums, (nint)rows }) NativeMemory.AlignedFree((void*)buffer);
    }

    // The same on panels of x, [T / 16][K][16]: a tile reads one run of memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TilePacked<V>(float* x, float* w, float* y) where V : struct, ISimd<V>
    {
        int width = 2 * V.Count;
        float* panels = Fill(K * T), sums = Fill(N * T), rows = Fill(Tile.Rows<V>() * Tile.Stride);
        for (int t = 0; t < T; t += width) Packing.Transpose(x + t * K, K, width, K, panels + t * K, width);
        for (int n = 0; n < N; n += Tile.Rows<V>())
            for (int k = 0; k < K; k += Tile.Stride)
            {
                int count = Math.Min(Tile.Stride, K - k);
                for (int i = 0; i < Tile.Rows<V>(); i++) new Span<float>(w + (n + i) * K + k, count).CopyTo(new Span<float>(rows + i * Tile.Stride, count));
                for (int t = 0; t < T; t += width) Tile.Multiply<V, FloatProduct>(rows, panels + t * K + k * width, sums + n * T + t, T, count, k > 0);
            }
        Packing.Transpose(sums, T, N, T, y, N);
        foreach (nint buffer in new[] { (nint)panels, (nint)sums, (nint)rows }) NativeMemory.AlignedFree((void*)buffer);
    }
}
