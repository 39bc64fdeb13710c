using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Gradients;

/// <summary>The training of an adapter on the tape, with dropout before A.</summary>
public sealed class LowRankTrainingTests : IDisposable
{
    private const int In = 6, Out = 5, Rank = 2;

    private static readonly AdaptedModule Module = new("language_model.model.layers.0.mlp.up_proj", In, Out, Rank, Alpha: 3, Scale: 1.5);

    private readonly ReferenceBackend backend = new();
    private readonly Tape tape;
    private readonly Parameter weight, a, b;
    private readonly Adapter adapter;

    public LowRankTrainingTests()
    {
        tape = new Tape(backend);
        weight = New(Module.WeightName, Out, In, 1);
        a = New("a", Rank, In, 2);
        b = New("b", Out, Rank, 3);
        adapter = new Adapter("trained", new AdapterConfig(), [Module], _ => (a.Weight, b.Weight));
        tape.Train(a.Weight);
        tape.Train(b.Weight);
    }

    public void Dispose()
    {
        adapter.Dispose();
        foreach (Parameter parameter in (Parameter[])[weight, a, b]) parameter.Dispose();
        tape.Dispose();
        backend.Dispose();
    }

    private Parameter New(string name, int rows, int columns, int seed) =>
        Parameter.Create(
            backend, name, rows, columns, Enumerable.Range(0, rows * columns).Select(i => MathF.Sin(1.7f * i + seed)).ToArray());

    private static float[] X { get; } = [.. Enumerable.Range(0, 4 * In).Select(i => MathF.Cos(0.9f * i))];

    private float[] Run(LowRankBackend on)
    {
        using Matrix x = on.Upload(X, 4, In), y = on.Linear(x, weight.Weight);
        float[] values = new float[y.Length];
        on.Download(y, values);
        return values;
    }

    [Fact]
    public void The_key_names_the_elements_that_are_dropped()
    {
        using var adapting = new LowRankBackend(tape) { Always = adapter, Dropout = 0.5f };
        using var plain = new LowRankBackend(tape) { Always = adapter };
        Assert.Equal(Run(plain), Run(adapting)); // evaluation drops nothing
        adapting.DropoutKey = 7;
        float[] first = Run(adapting);
        Assert.NotEqual(Run(plain), first);
        Assert.Equal(first, Run(adapting));
        adapting.DropoutKey = 8;
        Assert.NotEqual(first, Run(adapting));
    }

    [Fact]
    public void A_base_weight_stays_frozen_and_A_and_B_get_their_gradients()
    {
        using var adapting = new LowRankBackend(tape) { Always = adapter };
        using Matrix x = adapting.Upload(X, 4, In), y = tape.Record(() => adapting.Linear(x, weight.Weight));
        float[] dy = [.. Enumerable.Range(0, 4 * Out).Select(i => 0.1f * i - 1)];
        using Matrix gradient = adapting.Upload(dy, 4, Out);
        tape.Backward(y, gradient);
        Assert.False(tape.Gradient(weight.Weight).HasValue);
        // dB[o, r] = scale * sum_t dy[t, o] (A x_t)[r]
        float[] expected = new float[Out * Rank], actual = new float[Out * Rank];
        for (int t = 0; t < 4; t++)
            for (int r = 0; r < Rank; r++)
            {
                double thin = Enumerable.Range(0, In).Sum(i => MathF.Sin(1.7f * (r * In + i) + 2) * (double)X[t * In + i]);
                for (int o = 0; o < Out; o++) expected[o * Rank + r] += (float)(Module.Scale * dy[t * Out + o] * thin);
            }

        tape.Download(tape.Gradient(b.Weight), actual);
        Conformance.TensorAssert.Close(expected, actual, 1e-5, "dB");
        Assert.True(tape.Gradient(a.Weight).HasValue);
    }
}
