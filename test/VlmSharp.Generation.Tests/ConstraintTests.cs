using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Generation.Tests;

/// <summary>
/// Constrained generation: its results, and that scoring only the rows of allowed tokens gives the same bits.
/// </summary>
public sealed class ConstraintTests : IDisposable
{
    private readonly CpuBackend cpu = new();
    private readonly HeadBackend backend;
    private readonly VisionLanguageModel model;

    public ConstraintTests()
    {
        backend = new HeadBackend(cpu);
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
        cpu.Dispose();
    }

    public static TheoryData<string> Ways => ["greedy", "logprobs", "sampling", "processors", "beams"];

    /// <summary>One request alone, as many as share the kernel for few rows, and as many as take the other kernel.</summary>
    [Theory, MemberData(nameof(Ways))]
    public void Some_rows_of_the_head_give_what_masking_all_logits_gives(string way)
    {
        GenerationOptions options = Options(way);
        foreach (int count in new[] { 1, 3, 14 })
        {
            GenerationRequest[] requests =
            [
                .. Enumerable.Range(0, count)
                    .Select(i => Request(i % 2 == 0 ? "cake.png" : "car-key.png", new Boxes(1 + i % 2)) with { Seed = i })
            ];
            (backend.ScoresWholeHead, backend.Products) = (false, 0);
            IReadOnlyList<GenerationResult> some = model.Generate(requests, options);
            Assert.True(
                backend.Products > 4 && backend.LargestRows <= 1024 + 2,
                $"{backend.Products} products of up to {backend.LargestRows} rows");
            backend.ScoresWholeHead = true;
            IReadOnlyList<GenerationResult> all = model.Generate(requests, options);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(all[i].TokenIds, some[i].TokenIds);
                Assert.Equal(all[i].LogProbabilities, some[i].LogProbabilities);
                Assert.Equal(all[i].Score, some[i].Score);
                Assert.Equal(all[i].TopLogProbabilities?.SelectMany(t => t), some[i].TopLogProbabilities?.SelectMany(t => t));
                Assert.All(some[i].TokenIds.Take(4), id => Assert.InRange(id, Boxes.First, Boxes.First + 1023));
                Assert.Equal(FinishReason.Stop, some[i].Finish);
                Assert.Equal(4 * (1 + i % 2) + 1, some[i].TokenIds.Count);
            }
        }
    }

    /// <summary>
    /// A free request needs the whole head, so the logits of the others are masked instead. Their numbers stay the same, for few requests
    /// and for many.
    /// </summary>
    [Theory, MemberData(nameof(Ways))]
    public void A_free_request_in_the_batch_changes_nothing_for_the_others(string way)
    {
        GenerationOptions options = Options(way);
        foreach ((int count, ITokenConstraint? none) in new (int, ITokenConstraint?)[] { (3, null), (14, new Free()) })
        {
            GenerationRequest[] requests =
            [
                .. Enumerable.Range(0, count).Select(i => Request(i % 2 == 0 ? "cake.png" : "car-key.png", new Boxes(1)) with { Seed = i })
            ];
            IReadOnlyList<GenerationResult> some = model.Generate(requests, options);
            backend.Products = 0;
            IReadOnlyList<GenerationResult> mixed = model.Generate([.. requests, Request("cake.png", none) with { Seed = 99 }], options);
            Assert.InRange(backend.Products, 0, 2); // only in the steps after the free request's end
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(mixed[i].TokenIds, some[i].TokenIds);
                Assert.Equal(mixed[i].LogProbabilities, some[i].LogProbabilities);
                Assert.Equal(mixed[i].TopLogProbabilities?.SelectMany(t => t), some[i].TopLogProbabilities?.SelectMany(t => t));
            }
        }
    }

    [Fact]
    public void Log_probabilities_are_over_what_is_allowed()
    {
        GenerationResult result =
            model.Generate([Request("cake.png", new Boxes(1))], new GenerationOptions { TopLogProbabilities = 1000 })[0];
        Assert.Equal(0, result.LogProbabilities[^1]); // only the end may follow, so its probability is 1
        Assert.Equal([new TokenCandidate(1, 0)], result.TopLogProbabilities![^1]);
        Assert.InRange(result.TopLogProbabilities[0].Sum(t => Math.Exp(t.LogProbability)), 0.99, 1 + 1e-6);
        Assert.All(result.TopLogProbabilities[0], t => Assert.InRange(t.Id, Boxes.First, Boxes.First + 1023));

        GenerationResult free = model.Generate([Request("cake.png", null)], new GenerationOptions { TopLogProbabilities = 1000 })[0];
        Assert.Equal(free.TokenIds[0], result.TokenIds[0]); // it says a box anyway
        Assert.True(result.LogProbabilities[0] >= free.LogProbabilities[0]);
    }

    /// <summary>A token that the processors forbid and the constraint demands is produced.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void The_constraint_overrides_the_processors(int beams)
    {
        var options = new GenerationOptions { MinNewTokens = 20, NoRepeatNgramSize = 1, Beams = beams };
        GenerationResult result = model.Generate([Request("cake.png", new Boxes(1))], options)[0];
        Assert.Equal(5, result.TokenIds.Count);
        Assert.Equal(1, result.TokenIds[^1]);
    }

    private static GenerationOptions Options(string way) => way switch
    {
        "logprobs" => new() { TopLogProbabilities = 7 },
        "sampling" => new() { Temperature = 3, TopK = 300, TopP = 0.9f, MinP = 1e-4f },
        "processors" => new() { RepetitionPenalty = 1.3f, NoRepeatNgramSize = 2, TopLogProbabilities = 2 },
        "beams" => new() { Beams = 3, TopLogProbabilities = 4 },
        _ => new(),
    };

    private static GenerationRequest Request(string image, ITokenConstraint? constraint) => new()
    {
        Images = [ImageFile.Load(Path.Combine(GoldenFiles.DemoModel, "..", "samples", image))],
        Prompt = "detect cake",
        Constraint = constraint,
    };

    /// <summary>A constraint: some boxes of four places each, then the end.</summary>
    private sealed class Boxes(int count) : ITokenConstraint
    {
        public const int First = 1000; // <loc0000> of the demo model

        private static readonly int[] Places = [.. Enumerable.Range(First, 1024)], End = [1];

        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => newTokens.Length < 4 * count ? Places : End;
    }

    private sealed class Free : ITokenConstraint
    {
        public ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens) => [];
    }

    /// <summary>Counts the products with some rows of the head, or replaces them by the whole product.</summary>
    private sealed class HeadBackend(IComputeBackend inner) : DelegatingBackend(inner)
    {
        public bool ScoresWholeHead { get; set; }

        public int Products { get; set; }

        public int LargestRows { get; private set; }

        public override Matrix Run<TOperator>(in TOperator op)
        {
            if (op is not LinearRows some) return base.Run(op);
            Products++;
            LargestRows = Math.Max(LargestRows, some.Rows.Count);
            if (!ScoresWholeHead) return base.Run(op);
            using Matrix all = this.Linear(some.X, some.Weight);
            float[] whole = new float[all.Length], part = new float[some.X.Rows * some.Rows.Count];
            Download(all, whole);
            ReadOnlySpan<int> rows = some.Rows.OnHost();
            for (int i = 0; i < part.Length; i++) part[i] = whole[i / rows.Length * some.Weight.Rows + rows[i % rows.Length]];
            return Upload(part, some.X.Rows, rows.Length);
        }
    }
}
