using System.Diagnostics;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Gpu;
using VlmSharp.Gpu.Measurement;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Bench.Gpu;

/// <summary>Times the stages of a model for 1, 4, 16 and 64 requests at a time, in one weight format, with the floor of each.</summary>
internal static class ModelStep
{
    private const int Repetitions = 3, Settling = 6;

    private static readonly int[] PromptIds = [2, 4521, 235248, 108];

    public static void Run(GpuOptions options, GpuPart part)
    {
        using GpuBackend backend = options.Start();
        DType? quantization = options.Format.IsQuantized() ? options.Format : null;
        using VisionLanguageModel model =
            VisionLanguageModel.Open(options.Model, backend, new ModelOptions { Quantization = quantization });
        using var probe = new GpuLimitProbe(backend);
        double upload = probe.MeasureUpload(), bytes = model.Checkpoint.TotalBytes, load = model.LoadTime.TotalSeconds;
        part.Set("format", $"{options.Format}");
        part.Set("backend", $"{backend.Name}: {backend.Description}");
        part.Add("stages",
            ("stage", "load"),
            ("batch", null),
            ("seconds", GpuPart.Number(load)),
            ("floor_seconds", quantization is null ? GpuPart.Number(bytes / upload / 1e9) : null),
            ("rate", GpuPart.Number(bytes / load / 1e9)), ("unit", "GB/s of the checkpoint"));
        FirstToken(model, part);
        foreach (int batch in options.IsDry ? [1, 4] : new[] { 1, 4, 16, 64 })
        {
            GpuLimits limits = probe.Measure();
            part.Try($"vision, batch {batch}", () => Vision(model, backend, batch, limits, part));
            part.Try($"prefill and decode, batch {batch}", () => Text(model, batch, options.IsDry ? 4 : 24, limits, part));
        }
    }

    /// <summary>
    /// One request with a new picture, from the call to its first token. The first request of all compiles kernels.
    /// </summary>
    private static void FirstToken(VisionLanguageModel model, GpuPart part)
    {
        var seconds = new List<double>();
        for (int i = 0; i <= Repetitions; i++)
        {
            GenerationRequest request = Request(model, Picture(model, 100 + i));
            long start = Stopwatch.GetTimestamp();
            using GenerationSession session =
                model.Start([request], new GenerationOptions { MaxNewTokens = 2, IgnoreEndOfSequence = true });
            session.Step();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        part.Add("stages", ("stage", "first token, first request"), ("batch", 1), ("seconds", GpuPart.Number(seconds[0])));
        part.Add("stages", ("stage", "first token, later"), ("batch", 1), ("seconds", GpuPart.Number(Median(seconds[1..]))));
    }

    /// <summary>Runs different pictures, which are already on the device, through encoder and projector.</summary>
    private static void Vision(VisionLanguageModel model, GpuBackend backend, int batch, GpuLimits limits, GpuPart part)
    {
        float[] pixels = [.. Enumerable.Range(0, batch).SelectMany(i => model.Preprocessor.Process(Picture(model, i)))];
        using Matrix planes = backend.Upload(pixels, batch, pixels.Length / batch); // [n, 3 * S * S]
        var seconds = new List<double>();
        for (int i = 0; i <= Repetitions; i++)
        {
            backend.Device.Wait();
            long start = Stopwatch.GetTimestamp();
            model.Network.EncodeImages(planes).Dispose(); // [n * N, h]
            backend.Device.Wait();
            if (i > 0) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double flops = batch * new ModelCost(model.Config).VisionFlops(), time = Median(seconds);
        Stage(part, "vision", batch, time, flops / (limits.Peak * 1e9), batch / time, "pictures/s");
    }

    /// <summary>Requests that share an encoded picture: the prefill of all, then steps of one token for each.</summary>
    private static void Text(VisionLanguageModel model, int batch, int steps, GpuLimits limits, GpuPart part)
    {
        RgbImage picture = Picture(model, 0);
        var options = new GenerationOptions { MaxNewTokens = Settling + steps + 4, IgnoreEndOfSequence = true };
        var cost = new ModelCost(model.Config);
        List<double> prefills = [], decodes = [];
        int tokens = 0;
        for (int i = 0; i <= Repetitions; i++)
        {
            using GenerationSession session = model.Start([.. Enumerable.Repeat(Request(model, picture), batch)], options);
            tokens = session.PromptIds(0).Count;
            for (int begun = 0; begun < batch;) begun += session.Step().Length;
            double prefill = session.Timings.Prefill.TotalSeconds;
            for (int step = 0; step < Settling; step++) session.Step(); // the second step is recorded
            long start = Stopwatch.GetTimestamp();
            for (int step = 0; step < steps; step++) session.Step();
            double decode = Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
            if (i == 0) continue;
            prefills.Add(prefill);
            decodes.Add(decode);
        }

        double time = Median(prefills), step1 = Median(decodes);
        Stage(part, "prefill", batch, time, batch * cost.PrefillFlops(tokens) / (limits.Peak * 1e9), batch * tokens / time, "tokens/s");
        int context = tokens + Settling + steps / 2;
        TextConfig text = model.Config.Text;
        double cache = 2.0 * sizeof(ushort) * batch * context * text.Layers * text.KvHeads * text.HeadDim,
            bytes = model.Network.DecodeBytes + cache;
        double floor = Math.Max(bytes / (limits.ReadBandwidth * 1e9), batch * cost.DecodeFlops(context) / (limits.Peak * 1e9));
        Stage(part, "decode step", batch, step1, floor, batch / step1, "tokens/s");
    }

    private static void Stage(GpuPart part, string name, int batch, double seconds, double floor, double rate, string unit) =>
        part.Add("stages",
            ("stage", name), ("batch", batch), ("seconds", GpuPart.Number(seconds)), ("floor_seconds", GpuPart.Number(floor)),
            ("share", GpuPart.Number(floor / seconds, 3)), ("rate", GpuPart.Number(rate)), ("unit", unit));

    private static GenerationRequest Request(VisionLanguageModel model, RgbImage picture) => model.Tokenizer is null
        ? new() { Images = [picture], PromptIds = PromptIds }
        : new() { Images = [picture], Prompt = "caption en" };

    private static RgbImage Picture(VisionLanguageModel model, int seed)
    {
        int side = model.Config.Vision.ImageSize;
        byte[] pixels = new byte[3 * side * side];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(side, side, pixels);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
