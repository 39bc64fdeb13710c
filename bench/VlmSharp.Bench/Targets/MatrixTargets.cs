using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Bench.Targets;

/// <summary>The matrix product alone: the model's shapes on one and two threads, and every register width.</summary>
internal static class MatrixTargets
{
    private const double WorthTiming = 4e10; // flops of a repetition: some tenths of a second

    /// <summary>[in, out] of the encoder's and the decoder's layers.</summary>
    private static readonly (int In, int Out)[] Shapes =
        [(1152, 1152), (1152, 4304), (4304, 1152), (2048, 2048), (2048, 16384), (16384, 2048)];

    /// <summary>Target 1: many rows, bf16 weights.</summary>
    public static void Products(TargetTable table)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            var options = new CpuBackendOptions { Threads = threads };
            using var backend = new CpuBackend(options);
            using var probe = new LimitProbe(backend);
            foreach ((int inputs, int outputs) in Shapes)
                foreach (int rows in new[] { 256, 1024 })
                    Product(table, backend, probe, "matmul bf16", DType.BF16, rows, inputs, outputs, $", {threads} thread(s)", 0.85);
        }
    }

    /// <summary>Target 8: each register width, compared with the peak of that width.</summary>
    public static void Widths(TargetTable table)
    {
        foreach (SimdTier tier in new[] { SimdTier.Vector128, SimdTier.Vector256, SimdTier.Vector512 })
        {
            string of = $", {SimdTiers.Bits(tier)} bits";
            if (!SimdTiers.IsSupported(tier))
            {
                table.Note($"{SimdTiers.Bits(tier)} bits: this processor has no such registers");
                continue;
            }
            var options = new CpuBackendOptions { Simd = tier };
            using var backend = new CpuBackend(options);
            using var probe = new LimitProbe(backend);
            foreach ((int inputs, int outputs) in new[] { (1152, 4304), (2048, 16384) })
                Product(table, backend, probe, "width: matmul bf16", DType.BF16, 256, inputs, outputs, of, 0.9);
            foreach (DType format in new[] { DType.BF16, DType.Int8, DType.Int4 })
                Product(table, backend, probe, $"width: one row, {format}", format, 1, 2048, 1 << 16, of, 0.9);
        }
    }

    /// <summary>y = x W^T: bound by the peak if x has many rows, by reading W if it has one.</summary>
    private static void Product(
        TargetTable table, CpuBackend backend, LimitProbe probe, string target, DType format, int rows, int inputs, int outputs, string of,
        double goal)
    {
        using var matrix = new BenchMatrix(backend, format, outputs, inputs);
        using Matrix x = backend.Upload([.. Enumerable.Range(0, rows * inputs).Select(i => (i % 13 - 6) / 8f)], rows, inputs);
        double flops = 2.0 * rows * inputs * outputs, bytes = matrix.Weight.ByteLength;
        bool reading = rows == 1;
        int calls = reading ? 16 : (int)Math.Max(1, WorthTiming / flops);
        PairedSeries series = new PairedSeries(probe, reading ? calls * bytes : 0, reading ? 0 : calls * flops).Run(3, () =>
        {
            for (int i = 0; i < calls; i++) backend.Linear(x, matrix.Weight).Dispose();
        });
        double one = series.Seconds / calls;
        table.Add(
            target, $"M={rows}, {inputs} -> {outputs}{of}", series,
            reading ? $"{bytes / one / 1e9:0.0} GB/s" : $"{flops / one / 1e9:0} GFLOP/s", goal, calls);
    }
}
