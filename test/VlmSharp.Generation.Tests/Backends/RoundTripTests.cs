using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>What a step costs on a backend outside host memory: round trips, uploads and launches.</summary>
public sealed class RoundTripTests : IDisposable
{
    private readonly CpuBackend cpu = new();
    private readonly CountingBackend backend;
    private readonly VisionLanguageModel model;

    public RoundTripTests()
    {
        backend = new CountingBackend(cpu);
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
        cpu.Dispose();
    }

    [Theory]
    [InlineData("greedy", 2)]
    [InlineData("sampling", 2)]
    [InlineData("top", 2 + 2 * 5)]
    public void A_decode_step_makes_one_round_trip_and_no_upload(string way, int words)
    {
        using GenerationSession session = model.Start(TwoRequests(), Options(way));
        for (int i = 0; i < 4; i++) session.Step();
        int layers = model.Config.Text.Layers;
        for (int i = 0; i < 10; i++)
        {
            backend.Counts = default;
            Assert.Equal(2, session.Step().Length);
            var expected = new Counts { Downloads = 1, Prepares = 1, Operators = 5 + 12 * layers, DownloadedWords = 2 * words };
            Assert.Equal(expected, backend.Counts);
        }
    }

    [Fact]
    public void Steady_decode_steps_are_replays_of_one_key()
    {
        using GenerationSession session = model.Start(TwoRequests(), Options("greedy"));
        for (int i = 0; i < 4; i++) session.Step();
        backend.Replays.Clear();
        for (int i = 0; i < 10; i++) session.Step();
        Assert.Equal(10, backend.Replays.Count);
        Assert.Single(backend.Replays.Distinct());
        Assert.Equal(0, backend.CrossingsInReplay);
    }

    [Fact]
    public void Image_rows_stay_on_the_backend()
    {
        int pixels = 3 * model.Config.Vision.ImageSize * model.Config.Vision.ImageSize;
        GenerationResult first = model.Generate(DemoRequests.Ask("cake.png", "caption en"));
        Assert.Equal(pixels, backend.Counts.UploadedFloats);
        Assert.Equal(2 * first.TokenIds.Count, backend.Counts.DownloadedWords);
        backend.Counts = default;
        GenerationResult second = model.Generate(DemoRequests.Ask("cake.png", "detect cake"));
        Assert.Equal(0, backend.Counts.UploadedFloats);
        Assert.Equal(2 * second.TokenIds.Count, backend.Counts.DownloadedWords);
        Assert.Equal(1, model.ImageFeatures.Hits);
    }

    [Fact]
    public void Grouped_operators_reach_a_backend_as_one_group()
    {
        using var fusing = new FusingBackend(cpu);
        using VisionLanguageModel fused = VisionLanguageModel.Open(GoldenFiles.DemoModel, fusing);
        GenerationRequest request = DemoRequests.Ask("cake.png", "caption en");
        GenerationResult expected = model.Generate(request), actual = fused.Generate(request);
        Assert.Equal(expected.TokenIds, actual.TokenIds);
        Assert.Equal(expected.LogProbabilities, actual.LogProbabilities);

        using GenerationSession session = fused.Start([request], Options("greedy"));
        for (int i = 0; i < 4; i++) session.Step();
        fusing.Counts = default;
        fusing.Fused.Clear();
        session.Step();
        int layers = fused.Config.Text.Layers;
        Assert.Equal(layers, fusing.Fused.Count(t => t == typeof(QueryKeyValue)));
        Assert.Equal(layers, fusing.Fused.Count(t => t == typeof(NormedGatedLinear)));
        Assert.Equal(5 + 4 * layers, fusing.Counts.Operators);
    }

    private static GenerationRequest[] TwoRequests() =>
        [DemoRequests.Ask("cake.png", "caption en"), DemoRequests.Ask("sun.png", "detect sun")];

    private static GenerationOptions Options(string way)
    {
        var options = new GenerationOptions { MaxNewTokens = 40, IgnoreEndOfSequence = true };
        return way switch
        {
            "sampling" => options with { Temperature = 0.8f, TopK = 50, TopP = 0.9f, MinP = 0.01f, Seed = 3 },
            "top" => options with { TopLogProbabilities = 5 },
            _ => options,
        };
    }

    /// <summary>Runs grouped operators in its own order, without <see cref="DelegatingBackend.Run"/>.</summary>
    private sealed class FusingBackend(IComputeBackend inner) : CountingBackend(inner)
    {
        public List<Type> Fused { get; } = [];

        public override TResult RunFused<TOperator, TResult>(in TOperator op)
        {
            Fused.Add(typeof(TOperator));
            object result = op switch
            {
                QueryKeyValue o => Run(o),
                NormedGatedLinear o => Run(o),
                _ => throw new NotSupportedException(typeof(TOperator).Name),
            };
            return (TResult)result;
        }

        private (Matrix Q, Matrix K, Matrix V) Run(in QueryKeyValue o)
        {
            using Matrix n = Inner.RmsNorm(o.X, o.Norm, o.Epsilon);
            Matrix v = Inner.Linear(n, o.Value);
            using Matrix k = Inner.Linear(n, o.Key), q = Inner.Linear(n, o.Query);
            Matrix turnedK = Inner.Rope(k, o.Angles);
            return (Inner.Rope(q, o.Angles), turnedK, v);
        }

        private Matrix Run(in NormedGatedLinear o)
        {
            using Matrix n = Inner.RmsNorm(o.X, o.Norm, o.Epsilon);
            return Inner.GatedLinear(n, o.Gate, o.Up);
        }
    }
}
