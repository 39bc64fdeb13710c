using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Gpu.Operators;

namespace VlmSharp.Gpu.Tests.Losses;

/// <summary>Compares the loss over a vocabulary whose scores are computed in several pieces with plain loops.</summary>
[Collection(SharedDevice.Collection)]
public sealed class CrossEntropyChunkTests
{
    private const int Features = 6;

    private static readonly int Chunk = TokenChunk.All(int.MaxValue / 2).First().Count;

    [Fact]
    public void Pieces_follow_one_another_to_the_end_of_the_vocabulary()
    {
        TokenChunk[] chunks = [.. TokenChunk.All(3 * Chunk + 5)];
        Assert.Equal([0, Chunk, 2 * Chunk, 3 * Chunk], chunks.Select(c => c.First));
        Assert.Equal(5, chunks[^1].Count);
        Assert.Single(TokenChunk.All(Chunk));
        Assert.Equal(0, Chunk % TokenChunk.PartTokens);
    }

    [OpenClTheory]
    [InlineData(0, 0)]
    [InlineData(0.1f, 3)]
    public void Loss_and_gradients_are_those_of_plain_loops(float smoothing, float cap)
    {
        int vocabulary = 2 * Chunk + 37;
        int[] targets = [0, Chunk - 1, Chunk, vocabulary - 1, 5, TokenChunk.PartTokens]; // at the borders of pieces and parts
        using var reference = new ReferenceBackend();
        using GpuBackend device = SharedDevice.Backend();
        float[][] expected = Run(reference, vocabulary, targets, smoothing, cap), actual = Run(device, vocabulary, targets, smoothing, cap);
        string[] names = ["loss", "dX", "dW"];
        for (int i = 0; i < names.Length; i++) Close.AssertAll(names[i], expected[i], actual[i], 1e-5);
    }

    private static unsafe float[][] Run(IComputeBackend b, int vocabulary, int[] targets, float smoothing, float cap)
    {
        var random = new Random(4);
        float[] Numbers(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => scale * (2 * random.NextSingle() - 1))];
        float[] w = Numbers(vocabulary * Features, 2), x = Numbers(targets.Length * Features, 2), dLoss = Numbers(2 * targets.Length, 1);
        fixed (float* start = w)
        {
            using Weight head = b.LoadWeight(new WeightData("head", DType.F32, vocabulary, Features, (nint)start, w));
            using Matrix input = b.Upload(x, targets.Length, Features), gradient = b.Upload(dLoss, targets.Length, 2);
            using Matrix sum = b.Upload(w, vocabulary, Features);
            using Indices tokens = b.Upload(targets);
            var loss = new CrossEntropy(input, head, tokens, smoothing, cap);
            using Matrix y = b.Run(loss), dx = b.CrossEntropyInputGradient(gradient, loss, y);
            using Matrix dw = b.CrossEntropyWeightGradient(gradient, loss, y, sum);
            return [Fetch(b, y), Fetch(b, dx), Fetch(b, dw)];
        }
    }

    private static float[] Fetch(IComputeBackend b, Matrix x)
    {
        float[] values = new float[x.Length];
        b.Download(x, values);
        return values;
    }
}
