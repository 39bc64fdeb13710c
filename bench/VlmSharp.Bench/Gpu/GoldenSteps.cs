using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Bench.Gpu;

/// <summary>Compares small models with transformers in fp32.</summary>
internal static class GoldenSteps
{
    private const double NearTie = 1e-3, ClearMargin = 0.1;

    /// <summary>
    /// Every stage of the golden models: the largest error, in standard deviations of the stage, and the tokens.
    /// </summary>
    public static void Stages(GpuOptions options, GpuPart part)
    {
        using IComputeBackend backend = options.StartAny();
        foreach (string kind in options.IsDry ? ["pg1"] : new[] { "pg1", "pg1odd", "pg2" })
        {
            if (!Directory.Exists(GoldenFiles.PathOf("models", kind))) continue;
            using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend);
            foreach (GoldenCase golden in GoldenCase.Load(kind))
                part.Try($"{kind} {golden.Name}", () => Compare(model, kind, golden, part));
        }
    }

    private static void Compare(VisionLanguageModel model, string kind, GoldenCase golden, GpuPart part)
    {
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-{golden.Name}.safetensors"));
        Trace trace = ModelTrace.Run(model, golden.Request(), golden.Tokens.Length);
        var errors = new Dictionary<string, (double Error, string Stage)>();
        foreach (TracedTensor stage in trace.Tensors.Where(t => expected.Has(t.Name) && t.Name != "pixel_values"))
        {
            string part0 = stage.Name.Split('.')[0];
            double error = Worst(expected.Floats(stage.Name), stage.Values) / TensorAssert.StandardDeviation(expected.Floats(stage.Name));
            if (!errors.TryGetValue(part0, out var before) || !(error <= before.Error)) errors[part0] = (error, stage.Name);
        }

        int same = golden.Tokens.Zip(trace.Tokens).TakeWhile(pair => pair.First == pair.Second).Count();
        foreach ((string name, (double error, string stage)) in errors)
            part.Add(
                "stages", ("model", kind), ("case", golden.Name), ("part", name), ("worst", stage),
                ("error_in_std", GpuPart.Number(error, 3)));
        part.Add("tokens", ("model", kind), ("case", golden.Name), ("tokens", golden.Tokens.Length), ("equal_from_the_first_on", same));
    }

    /// <summary>The demo model's answers on unseen scenes.</summary>
    public static void Demo(GpuOptions options, GpuPart part)
    {
        using IComputeBackend backend = options.StartAny();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        int scenes = options.IsDry ? 3 : 40;
        (int Answers, int Equal) clear = default, close = default;
        double worst = 0;
        foreach (IGrouping<string, JsonElement> scene in json.RootElement.EnumerateArray()
            .GroupBy(c => c.GetProperty("image").GetString()!).Take(scenes))
        {
            RgbImage[] image = [ImageFile.Load(GoldenFiles.PathOf("demo-cases", scene.Key))];
            JsonElement[] cases = [.. scene.Where(c => c.GetProperty("min_margin").GetDouble() > NearTie)];
            IReadOnlyList<GenerationResult> results = model.Generate(
                [.. cases.Select(c => new GenerationRequest { Images = image, Prompt = c.GetProperty("prompt").GetString()! })]);
            for (int i = 0; i < cases.Length; i++)
            {
                bool isEqual = GoldenCase.Ints(cases[i].GetProperty("tokens")).SequenceEqual(results[i].TokenIds);
                if (cases[i].GetProperty("min_margin").GetDouble() > ClearMargin)
                    clear = (clear.Answers + 1, clear.Equal + (isEqual ? 1 : 0));
                else close = (close.Answers + 1, close.Equal + (isEqual ? 1 : 0));
                if (!isEqual) continue;
                float[] expected = [.. cases[i].GetProperty("logprobs").EnumerateArray().Select(e => e.GetSingle())];
                worst = Math.Max(worst, Worst(expected, [.. results[i].LogProbabilities]));
            }
        }

        part.Add("demo", ("answers", "every token won by more than 0.1"), ("compared", clear.Answers), ("equal", clear.Equal));
        part.Add("demo", ("answers", "a token won by less"), ("compared", close.Answers), ("equal", close.Equal));
        part.Set("worst_log_probability_error", GpuPart.Number(worst, 3));
    }

    /// <summary>The largest difference, or infinity if there is a NaN.</summary>
    public static double Worst(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length) return double.PositiveInfinity;
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            if (!(difference <= worst)) worst = double.IsNaN(difference) ? double.PositiveInfinity : difference;
        }

        return worst;
    }
}
