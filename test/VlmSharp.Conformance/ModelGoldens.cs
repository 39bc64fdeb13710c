using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares every stage from picture and prompt to logits and text with the reference implementation, for PaliGemma 1, PaliGemma 2 and
/// the odd-width model, in every storage format, layout and naming. The tests are inherited by every backend.
/// </summary>
public abstract class ModelGoldens
{
    private const double StageTolerance = 1e-4, LogitTolerance = 2e-4, Float16Tolerance = 2e-3;

    /// <summary>The model folders and the family of expected values of each.</summary>
    public static TheoryData<string, string> Folders => new()
    {
        { "pg1", "pg1" }, { "pg1-f32-sharded", "pg1" }, { "pg1-f16", "pg1" }, { "pg1-new-names", "pg1" },
        { "pg1odd", "pg1odd" }, { "pg2", "pg2" },
    };

    /// <summary>Makes a new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    [BackendTheory, MemberData(nameof(Folders))]
    public void Every_stage_and_the_logits_equal_the_reference(string folder, string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = Open(folder, backend);
        bool half = folder.EndsWith("f16", StringComparison.Ordinal);
        foreach (GoldenCase golden in GoldenCase.Load(kind))
        {
            using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-{golden.Name}.safetensors"));
            Trace trace = ModelTrace.Run(model, golden.Request(), golden.Tokens.Length);
            Dictionary<string, TracedTensor> actual = trace.Tensors.ToDictionary(t => t.Name);
            bool IsCompared(string name) => !name.StartsWith("beam4", StringComparison.Ordinal) && name is not ("tokens" or "input_ids");
            // In the order of the computation, so that what fails is the first stage that is off.
            List<string> order = [.. trace.Tensors.Select(t => t.Name)];
            foreach (string name in expected.Names.Where(IsCompared).OrderBy(order.IndexOf))
            {
                string what = $"{folder} {golden.Name} {name}";
                Assert.True(actual.ContainsKey(name), $"{what} was not traced.");
                Assert.Equal(expected.Shape(name), actual[name].Shape);
                ReadOnlySpan<float> values = expected.Floats(name);
                if (name == "pixel_values") TensorAssert.Close(values, actual[name].Values, 1e-6, what);
                else if (name.Contains("logits", StringComparison.Ordinal))
                    TensorAssert.Close(values, actual[name].Values, half ? Float16Tolerance : LogitTolerance, what);
                else TensorAssert.StageClose(values, actual[name].Values, half ? Float16Tolerance : StageTolerance, what);
            }

            Assert.Equal(expected.Ints("input_ids"), trace.InputIds);
            Assert.Equal(golden.Tokens, trace.Tokens);
        }
    }

    [BackendTheory, MemberData(nameof(Folders))]
    public void Greedy_tokens_and_text_equal_the_reference_alone_and_batched(string folder, string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = Open(folder, backend);
        GoldenCase[] cases = GoldenCase.Load(kind);
        var options = new GenerationOptions { MaxNewTokens = cases[0].Tokens.Length, IgnoreEndOfSequence = true };
        IReadOnlyList<GenerationResult> together = model.Generate([.. cases.Select(c => c.Request())], options);
        for (int i = 0; i < cases.Length; i++)
        {
            GenerationResult alone = model.Generate([cases[i].Request()], options)[0];
            Assert.Equal(cases[i].Tokens, alone.TokenIds);
            Assert.Equal(cases[i].Tokens, together[i].TokenIds);
            Assert.Equal(model.Tokenizer!.Decode(cases[i].Tokens, skipSpecial: true), alone.Text);
            TensorAssert.Close(alone.LogProbabilities.ToArray(), together[i].LogProbabilities.ToArray(), 1e-4,
                $"{folder} {cases[i].Name} log-probabilities, batched against single");
        }
    }

    [BackendTheory, InlineData("pg1"), InlineData("pg1odd"), InlineData("pg2")]
    public void Without_a_cache_the_logits_are_the_same(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = Open(kind, backend);
        GoldenCase golden = GoldenCase.Load(kind).Single(c => c.Name == "question");
        using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-question.safetensors"));
        PreparedPrompt prompt = model.Prepare(golden.Request());
        int steps = (int)expected.Shape("step_logits")[0], length = prompt.Ids.Length;

        // The prompt and what was generated after it in one pass: bidirectional prefix, causal suffix.
        int[] ids = [.. prompt.Ids, .. golden.Tokens[..(steps - 1)]];
        var batch = new SequenceBatch();
        batch.Add(ids.Length, prefixLength: length);
        float[] actual = ForwardPass.Logits(model, prompt, ids, batch, [.. Enumerable.Range(length - 1, steps)]);
        TensorAssert.Close(expected.Floats("step_logits"), actual, LogitTolerance, $"{kind} uncached step logits");
    }

    [BackendFact]
    public void Prefill_and_decode_mix_in_one_step()
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = Open("pg2", backend);
        GoldenCase[] cases = GoldenCase.Load("pg2");
        GoldenCase first = cases.Single(c => c.Name == "question"), second = cases.Single(c => c.Name == "caption");
        using var firstExpected = new GoldenTensors(GoldenFiles.PathOf("activations", "pg2-question.safetensors"));
        using var secondExpected = new GoldenTensors(GoldenFiles.PathOf("activations", "pg2-caption.safetensors"));
        PreparedPrompt a = model.Prepare(first.Request()), c = model.Prepare(second.Request());
        using KvCache cacheA = model.Network.CreateKvCache(a.Ids.Length + 4), cacheC = model.Network.CreateKvCache(c.Ids.Length + 4);
        var batch = new SequenceBatch();
        batch.Add(a.Ids.Length, a.Ids.Length, cacheA);
        _ = ForwardPass.Logits(model, a, a.Ids, batch, [a.Ids.Length - 1]);

        // One row of the first sequence, which decodes, comes before all rows of the second, which prefills.
        batch.Clear();
        batch.Add(1, a.Ids.Length, cacheA);
        batch.Add(c.Ids.Length, c.Ids.Length, cacheC);
        float[] mixed = ForwardPass.Logits(model, c, [first.Tokens[0], .. c.Ids], batch, [0, c.Ids.Length]);
        int vocabulary = model.Config.Text.VocabSize;
        ReadOnlySpan<float> decoded = firstExpected.Floats("step_logits").Slice(vocabulary, vocabulary);
        TensorAssert.Close(decoded, mixed.AsSpan(0, vocabulary), LogitTolerance, "the decoding sequence");
        ReadOnlySpan<float> prefilled = secondExpected.Floats("step_logits")[..vocabulary];
        TensorAssert.Close(prefilled, mixed.AsSpan(vocabulary), LogitTolerance, "the prefilling sequence");
    }

    [BackendFact]
    public void The_sliding_window_equals_the_reference_when_asked_for()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("window", "pg2-window.json")));
        using var expected = new GoldenTensors(GoldenFiles.PathOf("window", "pg2-window.safetensors"));
        int[] tokens = GoldenCase.Ints(golden.RootElement.GetProperty("tokens"));
        string folder = CopyWithWindow(golden.RootElement.GetProperty("sliding_window").GetInt32());
        try
        {
            using IComputeBackend backend = CreateBackend();
            using VisionLanguageModel model = VisionLanguageModel.Open(folder, backend, new ModelOptions { SlidingWindow = true });
            GenerationRequest request = GoldenCase.Load("pg2").Single(c => c.Name == "question").Request();
            Trace trace = ModelTrace.Run(model, request, tokens.Length, promptLogits: false);
            Assert.Equal(tokens, trace.Tokens);
            float[] logits = trace.Tensors.Single(t => t.Name == "step_logits").Values;
            TensorAssert.Close(expected.Floats("step_logits"), logits, LogitTolerance, "windowed step logits");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>One matrix of each gated layer in F32, the rest in bf16: the same weights, so the same numbers.</summary>
    [BackendFact]
    public void Storage_formats_may_mix()
    {
        string folder = Directory.CreateTempSubdirectory("vlmsharp-mixed-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(GoldenFiles.PathOf("models", "pg1")))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            using (Checkpoint whole = Checkpoint.Open(GoldenFiles.PathOf("models", "pg1")))
            using (Checkpoint wide = Checkpoint.Open(GoldenFiles.PathOf("models", "pg1-f32-sharded")))
            {
                SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), whole.Tensors.Keys.Select(name =>
                {
                    CheckpointTensor t = (name.Contains("gate_proj", StringComparison.Ordinal) ? wide : whole).Tensors[name];
                    return TensorToWrite.FromPointer(name, t.DType.AsSafetensorsType(), t.Shape, t.Pointer, t.File);
                }));
            }

            using IComputeBackend backend = CreateBackend();
            using VisionLanguageModel model = VisionLanguageModel.Open(folder, backend);
            GoldenCase golden = GoldenCase.Load("pg1").Single(c => c.Name == "caption");
            Assert.Equal(golden.Tokens, ModelTrace.Run(model, golden.Request(), golden.Tokens.Length, promptLogits: false).Tokens);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string CopyWithWindow(int window)
    {
        string folder = Directory.CreateTempSubdirectory("vlmsharp-window-").FullName;
        foreach (string file in Directory.GetFiles(GoldenFiles.PathOf("models", "pg2")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        string config = Path.Combine(folder, "config.json"), text = File.ReadAllText(config);
        text = System.Text.RegularExpressions.Regex.Replace(text, "\"sliding_window\": [0-9]+", $"\"sliding_window\": {window}");
        File.WriteAllText(config, text);
        return folder;
    }

    private static VisionLanguageModel Open(string folder, IComputeBackend backend) =>
        VisionLanguageModel.Open(GoldenFiles.PathOf("models", folder), backend);
}

/// <summary>A case of <c>activations/KIND.json</c>.</summary>
/// <param name="Name">caption, question, two-images or empty.</param>
/// <param name="Images">File names in <c>images/</c>.</param>
/// <param name="Prompt">What the reference was asked, without placeholders.</param>
/// <param name="Tokens">The tokens that the reference generates greedily, without stopping at an end token.</param>
/// <param name="BeamTokens">The best of its four beams: eight tokens, without stopping at an end token.</param>
/// <param name="BeamScore">The score of that beam with length penalty 1.</param>
public sealed record GoldenCase(string Name, string[] Images, string Prompt, int[] Tokens, int[] BeamTokens, double BeamScore)
{
    /// <summary>All cases of a family.</summary>
    public static GoldenCase[] Load(string kind)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("activations", $"{kind}.json")));
        return [.. json.RootElement.EnumerateArray().Select(c => new GoldenCase(
            c.GetProperty("case").GetString()!,
            [.. c.GetProperty("images").EnumerateArray().Select(i => i.GetString()!)],
            c.GetProperty("prompt").GetString()!,
            Ints(c.GetProperty("tokens")),
            Ints(c.GetProperty("beam4_tokens")),
            c.GetProperty("beam4_score").GetDouble()))];
    }

    /// <summary>The case as a request.</summary>
    public GenerationRequest Request() =>
        new() { Images = [.. Images.Select(i => ImageFile.Load(GoldenFiles.PathOf("images", i)))], Prompt = Prompt };

    /// <summary>An array of numbers.</summary>
    public static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
