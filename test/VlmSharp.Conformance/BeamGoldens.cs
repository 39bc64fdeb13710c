using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>Compares the tokens and the score of the best of four beams with the reference, for every model.</summary>
/// <remarks>
/// The expected values contain two faults of the reference, which this test reproduces so that everything else can be compared. For a
/// prompt with two pictures, the reference gives the first picture twice to the first beams and the second picture twice to the others.
/// The others are dropped at the first step, so the answer is about the first picture twice. And the last step of PaliGemma 2 has
/// <see cref="HybridCacheFault"/>.
/// </remarks>
public abstract class BeamGoldens
{
    private const double ScoreTolerance = 1e-3;

    /// <summary>A new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>Puts the reference's fault into a cache of the backend, by default one in host memory.</summary>
    protected virtual void ApplyFault(KvCache cache, TextConfig config) => HybridCacheFault.Apply(cache, config);

    [BackendTheory, MemberData(nameof(ModelGoldens.Folders), MemberType = typeof(ModelGoldens))]
    public void Beams_equal_the_reference_alone_and_batched(string folder, string kind)
    {
        using IComputeBackend inner = CreateBackend();
        using var backend = new CacheCollector(inner);
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", folder), backend);
        GoldenCase[] cases = GoldenCase.Load(kind);
        IEnumerable<GenerationRequest> asked = cases.Select(c => c.Request());
        GenerationRequest[] requests = [.. asked.Select(r => r with { Images = [.. r.Images.Select(_ => r.Images[0])] })];
        IReadOnlyList<GenerationResult> together = Run(requests);
        for (int i = 0; i < cases.Length; i++)
        {
            Check(cases[i], together[i], $"{folder} {cases[i].Name}, batched");
            Check(cases[i], Run([requests[i]])[0], $"{folder} {cases[i].Name}");
        }

        IReadOnlyList<GenerationResult> Run(GenerationRequest[] batch)
        {
            int steps = cases[0].BeamTokens.Length;
            backend.Caches.Clear();
            var options = new GenerationOptions { MaxNewTokens = steps, IgnoreEndOfSequence = true, Beams = 4 };
            using GenerationSession session = model.Start(batch, options);
            for (int step = 1; step <= steps; step++)
            {
                if (step == steps && model.Config.Text.HasPostNorms)
                    foreach (KvCache cache in backend.Caches) ApplyFault(cache, model.Config.Text);
                int produced = session.Step().Length;
                Assert.Equal(step < steps ? 0 : steps * batch.Length, produced);
            }

            Assert.True(session.IsFinished);
            return session.Results();
        }
    }

    /// <summary>
    /// Compares with a plain search that scores every beam from its beginning, without a cache, and sorts everything. One in every few
    /// tokens ends a text, so that some texts end early, among the best beams or below them, while others go on.
    /// </summary>
    [BackendTheory]
    [InlineData("pg1", "two-images", 5, 3, 1)]
    [InlineData("pg1", "question", 5, 2, 0)]
    [InlineData("pg1", "caption", 5, 4, 3)]
    [InlineData("pg1odd", "two-images", 5, 2, -2)]
    [InlineData("pg1odd", "question", 5, 2, 1)] // stops before it finds a better text
    [InlineData("pg2", "caption", 3, 3, 1)] // this one too
    public void Beams_equal_a_plain_search(string kind, string prompt, int every, int beams, float lengthPenalty)
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend);
        GenerationRequest request = GoldenCase.Load(kind).Single(c => c.Name == prompt).Request();
        int[] ends = [.. Enumerable.Range(0, model.Config.Text.VocabSize).Where(id => id % every == 0)];
        var options = new GenerationOptions { MaxNewTokens = 6, Beams = beams, LengthPenalty = lengthPenalty, StopIds = ends };
        GenerationResult result = model.Generate([request], options)[0];
        (int[] tokens, double score) = PlainSearch(model, model.Prepare(request), options);
        Assert.Equal(tokens, result.TokenIds);
        Assert.Equal(score, result.Score!.Value, ScoreTolerance);
        Assert.Equal(ends.Contains(tokens[^1]) ? FinishReason.Stop : FinishReason.Length, result.Finish);
    }

    private static (int[] Tokens, double Score) PlainSearch(VisionLanguageModel model, PreparedPrompt prompt, GenerationOptions options)
    {
        int[] ends = [.. model.Config.EosTokenIds, .. options.StopIds];
        List<(int[] Tokens, double Sum)> beams = [([], 0)];
        List<(int[] Tokens, double Score)> complete = [];
        for (int length = 1; beams.Count > 0; length++)
        {
            (int[] Tokens, double Sum)[] candidates = [.. beams.SelectMany(beam =>
            {
                float[] logits = ForwardPass.Next(model, prompt, beam.Tokens);
                double largest = logits.Max(), shift = largest + Math.Log(logits.Sum(x => Math.Exp(x - largest)));
                return logits.Select((x, id) => (Tokens: (int[])[.. beam.Tokens, id], Sum: beam.Sum + x - shift));
            }).OrderByDescending(c => c.Sum).Take((1 + ends.Length) * options.Beams)];
            foreach ((int[] tokens, double sum) in candidates.Take(options.Beams).Where(c => ends.Contains(c.Tokens[^1]))) Add(tokens, sum);
            beams = [.. candidates.Where(c => !ends.Contains(c.Tokens[^1])).Take(options.Beams)];
            if (complete.Count == options.Beams && complete[^1].Score >= Score(candidates[0].Sum, length)) break;
            if (length < options.MaxNewTokens) continue;
            foreach ((int[] tokens, double sum) in beams) Add(tokens, sum);
            break;
        }

        return complete[0];

        void Add(int[] tokens, double sum) =>
            complete = [.. complete.Append((tokens, Score(sum, tokens.Length))).OrderByDescending(c => c.Item2).Take(options.Beams)];

        double Score(double sum, int length) => sum / Math.Pow(length, options.LengthPenalty);
    }

    private static void Check(GoldenCase golden, GenerationResult result, string what)
    {
        Assert.True(golden.BeamTokens.SequenceEqual(result.TokenIds),
            $"{what}: [{string.Join(", ", result.TokenIds)}], expected [{string.Join(", ", golden.BeamTokens)}].");
        TensorAssert.Close([(float)golden.BeamScore], [result.Score!.Value], ScoreTolerance, $"{what} score");
        Assert.Equal(FinishReason.Length, result.Finish);
    }

    private sealed class CacheCollector(IComputeBackend inner) : DelegatingBackend(inner)
    {
        public List<KvCache> Caches { get; } = [];

        public override KvCache CreateKvCache(int layers, int width, int capacity)
        {
            KvCache cache = base.CreateKvCache(layers, width, capacity);
            Caches.Add(cache);
            return cache;
        }
    }
}
