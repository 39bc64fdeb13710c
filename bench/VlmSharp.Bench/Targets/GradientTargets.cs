using System.Diagnostics;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// The products of the backward pass at the sizes of PaliGemma-3B, as shares of the multiply-add peak. Operators and peak are
/// measured in turns, call by call, and the best of each counts: other programs can only slow a call down.
/// </summary>
internal static class GradientTargets
{
    private const int Rounds = 16;
    private const int Vocabulary = 257216, Hidden = 2048;

    /// <summary>[in, out] and rows: the decoder with a prompt of 300 tokens, the encoder with 256 patches.</summary>
    private static readonly (int In, int Out, int Rows)[] Shapes =
        [(2048, 16384, 300), (16384, 2048, 300), (2048, 2048, 300), (1152, 4304, 256), (4304, 1152, 256)];

    /// <summary>dX and dW compared with y, on one thread and on two.</summary>
    public static void Products(TargetTable table)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            using var backend = new CpuBackend(new CpuBackendOptions { Threads = threads });
            using var probe = new LimitProbe(backend);
            foreach ((int inputs, int outputs, int rows) in Shapes)
            {
                using var matrix = new BenchMatrix(backend, DType.BF16, outputs, inputs);
                using Matrix x = Numbers(backend, rows, inputs),
                    dy = Numbers(backend, rows, outputs),
                    sum = Numbers(backend, outputs, inputs);
                string of = $"{rows} rows, {inputs} -> {outputs}, {threads} thread(s)";
                double flops = 2.0 * rows * inputs * outputs;
                Measure(table, probe, of,
                    new Case("y, bf16", flops, () => backend.Linear(x, matrix.Weight)),
                    new Case("dX, bf16", flops, () => backend.LinearInputGradient(dy, matrix.Weight)),
                    new Case("dW", flops, () => backend.LinearWeightGradient(dy, x)),
                    new Case("dW + sum", flops, () => backend.LinearWeightGradient(dy, x, sum)));
            }
        }
    }

    /// <summary>dX through quantized weights, attention and the loss, on all threads.</summary>
    public static void Others(TargetTable table)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        foreach (DType format in new[] { DType.Int8, DType.Int4 })
        {
            using var matrix = new BenchMatrix(backend, format, 16384, Hidden);
            using Matrix dy = Numbers(backend, 300, 16384);
            Measure(
                table,
                probe,
                "300 rows, 2048 -> 16384",
                new Case($"dX, {format}", 2.0 * 300 * Hidden * 16384, () => backend.LinearInputGradient(dy, matrix.Weight)));
        }

        Attention(table, backend, probe, new AttentionSpec(8, 1, 256, 1f / 16), 300);
        Attention(table, backend, probe, new AttentionSpec(16, 16, 72, 0.12f), 256);
        const int Targets = 40;
        using var head = new BenchMatrix(backend, DType.BF16, Vocabulary, Hidden);
        using Matrix x = Numbers(backend, Targets, Hidden);
        using Indices ids = backend.Upload([.. Enumerable.Range(0, Targets)]);
        var loss = new CrossEntropy(x, head.Weight, ids);
        using Matrix y = backend.Run(loss), gradient = Numbers(backend, Targets, 2);
        double flops = 2.0 * Targets * Hidden * Vocabulary;
        string of = $"{Targets} targets of {Vocabulary} tokens";
        Measure(table, probe, of,
            new Case("CrossEntropy", flops, () => backend.Run(loss)),
            new Case("its input gradient", 2 * flops, () => backend.CrossEntropyInputGradient(gradient, loss, y)),
            new Case("its weight gradient", 2 * flops, () => backend.CrossEntropyWeightGradient(gradient, loss, y)));
    }

    // A product of all pairs is 2 T T H D; the operators do 1, 3, 5 (dK takes the errors of d first) and 2 of them.
    private static void Attention(TargetTable table, CpuBackend backend, LimitProbe probe, AttentionSpec spec, int tokens)
    {
        int width = spec.Heads * spec.HeadDim;
        using Matrix q = Numbers(backend, tokens, width), dy = Numbers(backend, tokens, width);
        using Matrix k = Numbers(backend, tokens, spec.KvWidth), v = Numbers(backend, tokens, spec.KvWidth);
        var batch = new SequenceBatch();
        batch.Add(tokens, tokens);
        StepTable step = backend.Prepare(batch);
        using Matrix y = backend.Attention(q, k, v, step, spec), statistics = backend.AttentionStatistics(dy, y, q, k, step, spec);
        double product = 2.0 * tokens * tokens * width;
        string of = $"{tokens} tokens, {spec.Heads} heads of {spec.HeadDim}, {spec.KvHeads} of keys";
        Measure(table, probe, of,
            new Case("Attention", 2 * product, () => backend.Attention(q, k, v, step, spec)),
            new Case("its statistics", product, () => backend.AttentionStatistics(dy, y, q, k, step, spec)),
            new Case("dQ", 3 * product, () => backend.AttentionQueryGradient(dy, q, k, v, statistics, step, spec)),
            new Case("dK", 5 * product, () => backend.AttentionKeyGradient(dy, q, k, v, statistics, step, spec)),
            new Case("dV", 2 * product, () => backend.AttentionValueGradient(dy, q, k, statistics, step, spec)));
    }

    private static Matrix Numbers(CpuBackend backend, int rows, int columns)
    {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.Length; i++) values[i] = (i % 13 - 6) / 8f;
        return backend.Upload(values, rows, columns);
    }

    private sealed record Case(string Target, double Flops, Func<Matrix> Run)
    {
        public double Best { get; set; } = double.MaxValue;
    }

    private static void Measure(TargetTable table, LimitProbe probe, string of, params Case[] cases)
    {
        double peak = 0;
        for (int round = 0; round < Rounds; round++)
            foreach (Case c in cases)
            {
                peak = Math.Max(peak, probe.MultiplyFlops / Seconds(probe.Multiply));
                c.Best = Math.Min(c.Best, Seconds(() => c.Run().Dispose()));
            }

        foreach (Case c in cases)
        {
            double share = c.Flops / c.Best / peak;
            table.Add(
                c.Target, of, $"{peak / 1e9:0} GFLOP/s", TargetTable.Time(c.Best), $"{c.Flops / c.Best / 1e9:0} GFLOP/s",
                $"{share * 100:0} %", ">= 60 %", share >= 0.6);
        }
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
