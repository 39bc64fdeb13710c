using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Loop;

/// <summary>Batches of example numbers, in order and repeated.</summary>
internal sealed class CountingData(int examples, int[] batchSizes) : IBatchSource<int[]>
{
    private long batch;
    private int next;

    public string Fingerprint { get; init; } = "counted";

    public string Position => FormattableString.Invariant($"{batch} {next}");

    public int[] Next(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int[] indices = [.. Enumerable.Range(next, batchSizes[batch++ % batchSizes.Length]).Select(i => i % examples)];
        next = (next + indices.Length) % examples;
        return indices;
    }

    public void Seek(string position)
    {
        string[] parts = position.Split(' ');
        (batch, next) = (long.Parse(parts[0]), int.Parse(parts[1]));
    }
}

/// <summary>
/// Linear regression with random noise: y = W x + b + noise, loss = sum (y - goal)^2, on any backend. It is large enough for 8-bit moments.
/// </summary>
internal sealed class RegressionStep : ITrainingStep<int[]>, IDisposable
{
    private const int In = 64, Out = 65;

    private readonly IComputeBackend b;
    private readonly Parameter weight, bias;

    public RegressionStep(IComputeBackend backend, DType dtype = DType.F32)
    {
        b = backend;
        weight = Parameter.Create(b, "weight", Out, In, Numbers(Out * In, 1), dtype);
        bias = Parameter.Create(b, "bias", 1, Out, Numbers(Out, 2), dtype);
    }

    public IReadOnlyList<Parameter> Parameters => [weight, bias];

    /// <summary>Called before each batch.</summary>
    public Action<StepContext>? Before { get; set; }

    /// <summary>A factor for the gradient, to simulate a fault.</summary>
    public Func<StepContext, float> Fault { get; set; } = _ => 1;

    /// <summary>Whether noise is added.</summary>
    public bool IsNoisy { get; set; } = true;

    public BatchLoss Accumulate(int[] batch, in StepContext context)
    {
        Before?.Invoke(context);
        // [n, in], [n, out]
        float[] x = [.. batch.SelectMany(i => Numbers(In, 10 + i))], goal = [.. batch.SelectMany(i => Numbers(Out, 1000 + i))];
        using Matrix input = b.Upload(x, batch.Length, In), y = b.Linear(input, weight.Weight, bias.Weight); // [n, out]
        float[] difference = new float[y.Length];
        b.Download(y, difference);
        double loss = 0;
        for (int i = 0; i < difference.Length; i++)
        {
            if (IsNoisy)
                difference[i] += 0.1f * (float)CounterRandom.Uniform(context.Seed, 100_000 * context.Step + 10_000 * context.Batch + i);
            difference[i] -= goal[i];
            loss += (double)difference[i] * difference[i];
        }

        float scale = 2 * Fault(context);
        Add(weight, (o, i) => Enumerable.Range(0, batch.Length).Sum(n => scale * difference[n * Out + o] * x[n * In + i]));
        Add(bias, (_, o) => Enumerable.Range(0, batch.Length).Sum(n => scale * difference[n * Out + o]));
        return new BatchLoss(loss, batch.Length, 10 * batch.Length);
    }

    private void Add(Parameter parameter, Func<int, int, float> gradient)
    {
        int rows = parameter.Weight.Rows, columns = parameter.Weight.Columns;
        float[] values = new float[parameter.Length];
        if (parameter.Gradient.HasValue) b.Download(parameter.Gradient, values);
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) values[row * columns + column] += gradient(row, column);
        parameter.SetGradient(b.Upload(values, rows, columns));
    }

    private static float[] Numbers(int count, int seed) =>
        [.. Enumerable.Range(0, count).Select(i => (float)(2 * CounterRandom.Uniform(seed, i) - 1))];

    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
    }
}
