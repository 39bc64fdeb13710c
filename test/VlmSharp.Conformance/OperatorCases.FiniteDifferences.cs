using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares every chain rule with finite differences. With L = sum of c * y for random c, the backend's gradient of L along a random
/// direction must equal the slope of L in that direction, which the oracle's forward pass gives.
/// </summary>
public abstract partial class BackendConformance
{
    private const double Stride = 1e-2;

    /// <summary>
    /// An operand of the rule under test: its numbers and shape. It is a parameter, so that the tape computes its gradient.
    /// </summary>
    private sealed record Operand(int Rows, int Columns, float[] Values);

    private Operand Random(int rows, int columns, float scale = 1) => new(rows, columns, Numbers(rows * columns, scale));

    [BackendTheory]
    [InlineData(1, 5, 3), InlineData(7, 33, 20), InlineData(70, 64, 48)]
    public void SlopeOfLinear(int rows, int inputs, int outputs) =>
        CheckSlopes("Linear", [Random(rows, inputs), Random(outputs, inputs), Random(1, outputs), Random(rows, outputs)],
            (b, o) => b.Linear(o.Matrix(0), o.Weight(1), o.Weight(2), residual: o.Matrix(3)));

    [BackendFact]
    public void SlopeOfLinearWithActivation() =>
        CheckSlopes("Linear with GELU", [Random(6, 21), Random(10, 21, 0.5f), Random(1, 10), Random(6, 10)],
            (b, o) => b.Linear(o.Matrix(0), o.Weight(1), o.Weight(2), Activation.GeluTanh, o.Matrix(3)));

    [BackendFact]
    public void SlopeOfGatedLinear() =>
        CheckSlopes("GatedLinear", [Random(6, 21), Random(18, 21, 0.5f), Random(18, 21, 0.5f)],
            (b, o) => b.GatedLinear(o.Matrix(0), o.Weight(1), o.Weight(2)));

    [BackendFact]
    public void SlopeOfLayerNorm() =>
        CheckSlopes("LayerNorm", [Random(5, 37), Random(1, 37), Random(1, 37)],
            (b, o) => b.LayerNorm(o.Matrix(0), o.Weight(1), o.Weight(2), 1e-3f));

    [BackendFact]
    public void SlopeOfRmsNorm() =>
        CheckSlopes("RmsNorm", [Random(5, 37), Random(1, 37), Random(5, 37)],
            (b, o) => b.RmsNorm(o.Matrix(0), o.Weight(1), 1e-3f, o.Matrix(2)));

    [BackendFact]
    public void SlopeOfRope()
    {
        SequenceBatch batch = Ragged(9, 4);
        CheckSlopes("Rope", [Random(13, 24)], (b, o) =>
        {
            Matrix angles = o.Owned(b.RotaryAngles(b.Prepare(batch), 12, 100, 1)); // [T, D]
            return b.Rope(o.Matrix(0), angles);
        });
    }

    [BackendTheory]
    [InlineData(1, 1, 0f, 0), InlineData(4, 2, 0f, 0), InlineData(4, 1, 3f, 0), InlineData(2, 2, 2f, 3)]
    public void SlopeOfAttention(int heads, int kvHeads, float cap, int window)
    {
        var spec = new AttentionSpec(heads, kvHeads, 20, 0.4f, cap, window);
        var batch = new SequenceBatch();
        batch.Add(9, prefixLength: 5);
        batch.Add(4, prefixLength: 0);
        batch.Add(6, prefixLength: 6);
        CheckSlopes($"Attention {spec}", [Random(19, heads * 20), Random(19, kvHeads * 20), Random(19, kvHeads * 20)],
            (b, o) => b.Attention(o.Matrix(0), o.Matrix(1), o.Matrix(2), b.Prepare(batch), spec));
    }

    [BackendFact]
    public void SlopeOfEmbed() =>
        // one row three times
        CheckSlopes("Embed", [Random(11, 13)], (b, o) => b.Embed(o.Weight(0), o.Owned(b.Upload([3, 0, 3, 10, 3])), 2.5f));

    [BackendFact]
    public void SlopeOfPatchEmbed()
    {
        float[] pixels = Numbers(2 * 3 * 12 * 12);
        CheckSlopes("PatchEmbed", [Random(10, 48), Random(1, 10), Random(9, 10)],
            (b, o) => b.PatchEmbed(o.Owned(b.Upload(pixels, 2, 3 * 12 * 12)), o.Weight(0), o.Weight(1), o.Weight(2), 4));
    }

    [BackendFact]
    public void SlopeOfReplaceRows() =>
        CheckSlopes(
            "ReplaceRows", [Random(6, 9), Random(2, 9)], (b, o) => b.ReplaceRows(o.Matrix(0), o.Matrix(1), o.Owned(b.Upload([4, 1]))));

    [BackendFact]
    public void RowsThatAreReplacedGetNoGradientEvenByNaN()
    {
        Operand[] operands = [Random(6, 9), Random(2, 9)];
        operands[1].Values[4] = float.NaN;
        float[][] gradients = Gradients(
            operands, (b, o) => b.ReplaceRows(o.Matrix(0), o.Matrix(1), o.Owned(b.Upload([4, 1]))), Numbers(6 * 9));
        for (int i = 0; i < 6 * 9; i++) Assert.Equal(i / 9 is 4 or 1, gradients[0][i] == 0);
    }

    [BackendFact]
    public void SlopeOfSelectRows() =>
        CheckSlopes("SelectRows", [Random(6, 9)], (b, o) => b.SelectRows(o.Matrix(0), o.Owned(b.Upload([4, 1, 4]))));

    [BackendFact]
    public void SlopeOfJoinRows() =>
        CheckSlopes("JoinRows", [Random(2, 9), Random(3, 9)], (b, o) => b.JoinRows([o.Matrix(0), o.Matrix(1)]));

    [BackendFact]
    public void SlopeOfSoftCap() => CheckSlopes("SoftCap", [Random(3, 40, 4)], (b, o) => b.SoftCap(o.Matrix(0), 3));

    [BackendFact]
    public void SlopeOfScaleAddAndDropout() =>
        CheckSlopes("Scale, Add, Dropout", [Random(7, 19), Random(7, 19)], (b, o) =>
        {
            Matrix scaled = o.Owned(b.Scale(o.Matrix(0), -1.5f)), dropped = o.Owned(b.Dropout(o.Matrix(1), 0.3f, 99));
            return b.Add(scaled, dropped);
        });

    [BackendTheory]
    [InlineData(0f, 0f), InlineData(0.1f, 0f), InlineData(0.1f, 2f)]
    public void SlopeOfCrossEntropy(float smoothing, float cap) =>
        CheckSlopes($"CrossEntropy {smoothing} {cap}", [Random(4, 24), Random(50, 24)],
            (b, o) => b.CrossEntropy(o.Matrix(0), o.Weight(1), o.Owned(b.Upload([3, 49, 0, 3])), smoothing, cap), columns: 1);

    private static SequenceBatch Ragged(params int[] lengths)
    {
        var batch = new SequenceBatch();
        foreach (int length in lengths) batch.Add(length, 0);
        return batch;
    }

    /// <summary>Compares slopes for each operand, along random directions and along single elements.</summary>
    private void CheckSlopes(string what, Operand[] operands, Func<IComputeBackend, Operands, Matrix> rule, int columns = int.MaxValue)
    {
        float[] c = Coefficients(operands, rule, columns);
        float[][] gradients = Gradients(operands, rule, c);
        for (int which = 0; which < operands.Length; which++)
            foreach (float[] direction in Directions(operands[which].Values.Length))
            {
                double slope = Slope(operands, which, direction, rule, c), along = 0, magnitude = 0;
                for (int i = 0; i < direction.Length; i++)
                {
                    along += (double)gradients[which][i] * direction[i];
                    magnitude += Math.Pow(gradients[which][i] * direction[i], 2);
                }

                double allowed = 2e-3 + (1e-3 + 16 * OperandRounding) * (Math.Sqrt(magnitude) + Math.Abs(along))
                    + OperandRounding * Math.Sqrt(c.Length) * 4;
                Assert.True(
                    Math.Abs(slope - along) <= allowed,
                    $"{what}, operand {which}: the slope is {slope:G6}, the gradient says {along:G6}; allowed {allowed:G2}.");
            }
    }

    /// <summary>The c of L = sum of c * y. It is 0 in columns that pass no gradient on.</summary>
    private float[] Coefficients(Operand[] operands, Func<IComputeBackend, Operands, Matrix> rule, int columns)
    {
        using var at = new Operands(Oracle, operands, Parameter);
        using Matrix y = rule(Oracle, at);
        float[] c = Numbers((int)y.Length);
        for (int i = 0; i < c.Length; i++)
            if (i % y.Columns >= columns) c[i] = 0;
        return c;
    }

    private float[][] Gradients(Operand[] operands, Func<IComputeBackend, Operands, Matrix> rule, float[] c)
    {
        using var tape = new Tape(Backend);
        using var at = new Operands(tape, operands, Parameter);
        foreach (Weight weight in at.Weights) tape.Train(weight);
        using Matrix y = tape.Record(() => rule(tape, at));
        using Matrix dy = Backend.Upload(c, y.Rows, y.Columns);
        tape.Backward(y, dy);
        return [.. at.Weights.Select(w =>
        {
            float[] values = new float[tape.Gradient(w).Length];
            Backend.Download(tape.Gradient(w), values);
            return values;
        })];
    }

    private IEnumerable<float[]> Directions(int length)
    {
        for (int i = 0; i < 3; i++) yield return Numbers(length);
        foreach (int i in new[] { 0, length / 2, length - 1 })
        {
            float[] single = new float[length];
            single[i] = 1;
            yield return single;
        }
    }

    /// <summary>The slope of L along a direction by the five-point rule, whose error falls with the fourth power of the stride.</summary>
    private double Slope(Operand[] operands, int which, float[] direction, Func<IComputeBackend, Operands, Matrix> rule, float[] c)
    {
        double At(double step)
        {
            Operand[] moved = [.. operands];
            moved[which] = moved[which] with { Values = [.. moved[which].Values.Select((v, i) => (float)(v + step * direction[i]))] };
            using var at = new Operands(Oracle, moved, Parameter);
            using Matrix y = rule(Oracle, at);
            float[] values = new float[y.Length];
            Oracle.Download(y, values);
            return values.Select((v, i) => (double)v * c[i]).Sum();
        }

        return (8 * (At(Stride) - At(-Stride)) - (At(2 * Stride) - At(-2 * Stride))) / (12 * Stride);
    }

    private delegate WeightData MakeParameter(string name, DType dtype, int rows, int columns, float scale, float[]? values);

    /// <summary>The operands on a backend, and what a rule produces besides its result.</summary>
    private sealed class Operands : IDisposable
    {
        private readonly IComputeBackend b;
        private readonly List<IDisposable> owned = [];

        public Operands(IComputeBackend b, Operand[] operands, MakeParameter parameter)
        {
            this.b = b;
            Weights = [.. operands.Select((o, i) => b.LoadWeight(parameter($"operand {i}", DType.F32, o.Rows, o.Columns, 1, o.Values)))];
        }

        public IReadOnlyList<Weight> Weights { get; }

        public Weight Weight(int index) => Weights[index];

        /// <summary>An operand as a matrix: its rows are looked up one by one, so that its gradient is the gradient of the table.</summary>
        public Matrix Matrix(int index) =>
            Owned(b.Embed(Weights[index], Owned(b.Upload([.. Enumerable.Range(0, Weights[index].Rows)])), 1));

        public T Owned<T>(T value) where T : IDisposable
        {
            owned.Add(value);
            return value;
        }

        public void Dispose()
        {
            foreach (IDisposable value in owned) value.Dispose();
            foreach (Weight weight in Weights) weight.Dispose();
        }
    }
}
