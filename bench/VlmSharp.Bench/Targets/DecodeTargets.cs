using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Bench.Targets;

/// <summary>Decode by weight format, by batch and by thread, and the head restricted to some rows.</summary>
internal static class DecodeTargets
{
    private const int Context = 260, Chunk = 3, Chunks = 7, Together = 8;

    /// <summary>Targets 3 and 4: a token at a time with each weight format, and its prefill compared with that of bf16.</summary>
    public static void Formats(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        Controls(table, probe);
        double bf16 = 0;
        foreach ((DType? format, double goal) in new (DType?, double)[] { (null, 0.95), (DType.Int8, 0.9), (DType.Int4, 0.7) })
        {
            string name = (format ?? DType.BF16).ToString();
            table.Note($"opening the model in {name}");
            using var model = VisionLanguageModel.Open(folder, backend, new ModelOptions { Quantization = format });
            using var loop = new DecodeLoop(model.Network, 1, Context);
            PairedSeries decode = Reading(model.Network, probe).Run(Chunks, () => Decode(loop));
            table.Add(
                $"decode {name}", $"batch 1, {model.Network.DecodeBytes / 1e9:0.00} GB a token", decode, Rate(Chunk, decode), goal, Chunk);
            PairedSeries prefill = Prefill(model.Network, probe);
            for (int i = 0; i < 3; i++) prefill.Repeat(() => DecodeLoop.Prefill(model.Network, Context));
            if (format is null) bf16 = prefill.Share;
            table.Add(
                $"prefill {name}", $"{Context} tokens without a picture", prefill, Rate(Context, prefill), format is null ? 0.8 : bf16);
        }
    }

    /// <summary>Target 3: eight requests decoded together, in turns with one alone.</summary>
    public static void Batch(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        using var model = VisionLanguageModel.Open(folder, backend);
        using DecodeLoop one = new(model.Network, 1, Context), many = new(model.Network, Together, Context);
        PairedSeries alone = Reading(model.Network, probe),
            together = new(probe, Chunk * (double)model.Network.DecodeBytes, Chunk * many.StepFlops);
        many.Step(); // warm-up
        for (int i = 0; i < Chunks; i++)
        {
            alone.Repeat(() => Decode(one));
            together.Repeat(() => Decode(many));
        }
        double gain = Together * alone.Seconds / together.Seconds;
        table.Add(
            "decode BF16", $"batch {Together}, {many.StepFlops / 1e9:0} GFLOP a step", together, Rate(Chunk * Together, together),
            calls: Chunk);
        table.Add($"batch {Together} over batch 1", "tokens/s, taking turns", "", "", "", $"{gain:0.0} x", ">= 6 x", gain >= 6);
    }

    /// <summary>Target 5: some rows of the head, different ones in each call, so that no cache holds them.</summary>
    public static void Head(TargetTable table, string folder)
    {
        using var backend = new CpuBackend();
        using var probe = new LimitProbe(backend);
        using var model = VisionLanguageModel.Open(folder, backend);
        TextConfig text = model.Config.Text;
        using Matrix hidden = backend.Upload([.. Enumerable.Range(0, text.HiddenSize).Select(i => i % 5 - 2f)], 1, text.HiddenSize);
        double row = 2.0 * text.HiddenSize, all = row * text.VocabSize; // bytes, in bf16
        var whole = new PairedSeries(probe, all, 0).Run(7, () => model.Network.Logits(hidden).Dispose());
        table.Add("head BF16", $"all {text.VocabSize} rows", whole, $"{all / whole.Seconds / 1e9:0.0} GB/s", 0.95);
        foreach (int count in new[] { 64, 1024, 16384 })
        {
            int calls = text.VocabSize / 16384;
            Indices[] ids = [.. Enumerable.Range(0, calls).Select(call => backend.Upload([.. Enumerable.Range(call * 16384, count)]))];
            PairedSeries some = new PairedSeries(probe, calls * count * row, 0).Run(9, () =>
            {
                foreach (Indices rows in ids) model.Network.Logits(hidden, rows).Dispose();
            });
            double one = some.Seconds / calls, over = one / (whole.Seconds * count / text.VocabSize);
            table.Add(
                "head BF16", $"{count} rows", some.Limits, TargetTable.Time(one), $"{count * row / one / 1e9:0.0} GB/s",
                $"{over:0.00} x its part of the whole head's time", "<= 1.2 x", over <= 1.2);
        }
    }

    /// <summary>Target 7: one thread, one thread per core, and one more than that, in turns.</summary>
    public static void Threads(TargetTable table, string folder)
    {
        int cores = Environment.ProcessorCount;
        Team[] teams = [.. new[] { 1, cores, cores + 1 }.Distinct().Select(threads => new Team(folder, threads))];
        for (int i = 0; i < Chunks; i++)
            foreach (Team team in teams) team.DecodeSeries.Repeat(() => Decode(team.Loop));
        for (int i = 0; i < 2; i++)
            // seven seconds or more each
            foreach (Team team in teams) team.PrefillSeries.Repeat(() => DecodeLoop.Prefill(team.Model.Network, Context));
        Team full = teams.Single(t => t.Threads == cores);
        foreach (Team team in teams)
        {
            double goal = team.Threads > cores ? 0.97 : 0;
            Compare("decode BF16", team, full, team.DecodeSeries, full.DecodeSeries, Rate(Chunk, team.DecodeSeries), goal, Chunk);
            Compare("prefill BF16", team, full, team.PrefillSeries, full.PrefillSeries, Rate(Context, team.PrefillSeries), goal, 1);
            team.Dispose();
        }

        void Compare(string target, Team team, Team full, PairedSeries series, PairedSeries reference, string rate, double goal, int calls)
        {
            table.Add(target, $"{team.Threads} thread(s) on {cores} cores", series, rate, calls: calls);
            if (team == full) return;
            double speed = reference.Seconds / series.Seconds;
            table.Add(
                target, $"{team.Threads} thread(s) beside {full.Threads}", "", "", "", $"{speed:0.00} x the speed",
                goal > 0 ? $">= {goal:0.00} x" : "", goal > 0 ? speed >= goal : null);
        }
    }

    /// <summary>
    /// The score of work at the limit itself, measured in the same way: the limits move between a probe and the work, and the better probe
    /// counts.
    /// </summary>
    private static void Controls(TargetTable table, LimitProbe probe)
    {
        const int Passes = 40, Bursts = 200;
        PairedSeries read = new PairedSeries(probe, Passes * LimitProbe.ReadBytes, 0).Run(Chunks, () => Times(Passes, probe.Read));
        table.Add(
            "control", "reading and nothing else", read, $"{LimitProbe.ReadBytes * Passes / read.Seconds / 1e9:0.0} GB/s", calls: Passes);
        PairedSeries multiply = new PairedSeries(probe, 0, Bursts * probe.MultiplyFlops).Run(3, () => Times(Bursts, probe.Multiply));
        table.Add(
            "control", "multiply-adds and nothing else", multiply, $"{probe.MultiplyFlops * Bursts / multiply.Seconds / 1e9:0} GFLOP/s",
            calls: Bursts);

        static void Times(int count, Action work)
        {
            for (int i = 0; i < count; i++) work();
        }
    }

    private static PairedSeries Reading(PaliGemmaModel model, LimitProbe probe) => new(probe, Chunk * (double)model.DecodeBytes, 0);

    private static PairedSeries Prefill(PaliGemmaModel model, LimitProbe probe) =>
        new(probe, 0, new ModelCost(model.Config).PrefillFlops(Context));

    private static void Decode(DecodeLoop loop)
    {
        loop.Rewind();
        for (int i = 0; i < Chunk; i++) loop.Step();
    }

    private static string Rate(int tokens, PairedSeries series) => $"{tokens / series.Seconds:0.00} tokens/s";

    /// <summary>A model on some threads.</summary>
    private sealed class Team : IDisposable
    {
        private readonly CpuBackend backend;
        private readonly LimitProbe probe;

        public Team(string folder, int threads)
        {
            backend = new CpuBackend(new CpuBackendOptions { Threads = Threads = threads });
            probe = new LimitProbe(backend);
            Model = VisionLanguageModel.Open(folder, backend);
            Loop = new DecodeLoop(Model.Network, 1, Context);
            Loop.Step(); // warm-up
            (DecodeSeries, PrefillSeries) = (Reading(Model.Network, probe), Prefill(Model.Network, probe));
        }

        public int Threads { get; }

        public VisionLanguageModel Model { get; }

        public DecodeLoop Loop { get; }

        public PairedSeries DecodeSeries { get; }

        public PairedSeries PrefillSeries { get; }

        public void Dispose()
        {
            Loop.Dispose();
            Model.Dispose();
            probe.Dispose();
            backend.Dispose();
        }
    }
}
