using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Backend.Tests;

/// <summary>Optimizer steps on parameters in F32: this backend widens parameters when it loads them and has no master copies.</summary>
internal sealed partial class ArrayOperators
{
    public void Run(in SumOfSquares op, Rows y)
    {
        double sum = op.Before.HasValue ? op.Before.Rows()[0][0] : 0;
        for (int t = 0; t < op.X.Rows; t++) sum += Dot(op.X.Rows()[t], op.X.Rows()[t]);
        y[0][0] = (float)sum;
    }

    public void Run(in AssignRows op)
    {
        for (int t = 0; t < op.X.Rows; t++) op.X.Rows()[t].CopyTo(op.Weight.Array().Row(op.First + t));
    }

    public void Run(in AdamW op)
    {
        for (int row = 0; row < op.Weight.Rows; row++)
        {
            Span<float> w = op.Weight.Array().Row(row), g = op.Gradient.Rows()[row], m = op.First.Rows()[row], v = op.Second.Rows()[row];
            for (int i = 0; i < w.Length; i++) (w[i], m[i], v[i]) = Step(op.Step, w[i], g[i], m[i], v[i]);
        }
    }

    public void Run(in Sgd op)
    {
        for (int row = 0; row < op.Weight.Rows; row++)
        {
            Span<float> w = op.Weight.Array().Row(row),
                g = op.Gradient.Rows()[row],
                u = op.Velocity.HasValue ? op.Velocity.Rows()[row] : new float[w.Length];
            for (int i = 0; i < w.Length; i++)
            {
                u[i] = op.Momentum * u[i] + op.GradientFactor * g[i] + op.Decay * w[i];
                w[i] -= op.Rate * u[i];
            }
        }
    }

    public void Run(in AdamW8Bit op)
    {
        Span<byte> firstCodes = MemoryMarshal.AsBytes(op.FirstCodes.Rows()[0]),
            secondCodes = MemoryMarshal.AsBytes(op.SecondCodes.Rows()[0]);
        Span<float> firstScales = op.FirstScales.Rows()[0], secondScales = op.SecondScales.Rows()[0];
        int count = (int)op.Gradient.Length, columns = op.Weight.Columns;
        for (int start = 0; start < count; start += AdamW8Bit.BlockLength)
        {
            int block = start / AdamW8Bit.BlockLength, length = Math.Min(AdamW8Bit.BlockLength, count - start);
            float[] m = new float[length], v = new float[length];
            for (int i = 0; i < length; i++)
            {
                int row = (start + i) / columns, column = (start + i) % columns;
                ref float w = ref op.Weight.Array().Row(row)[column];
                m[i] = DynamicMap.Signed[firstCodes[start + i]] * firstScales[block];
                v[i] = DynamicMap.Unsigned[secondCodes[start + i]] * secondScales[block];
                (w, m[i], v[i]) = Step(op.Step, w, op.Gradient.Rows()[row][column], m[i], v[i]);
            }

            firstScales[block] = m.Max(Math.Abs);
            secondScales[block] = v.Max();
            for (int i = 0; i < length; i++)
            {
                firstCodes[start + i] = Code(DynamicMap.Signed, m[i], firstScales[block]);
                secondCodes[start + i] = Code(DynamicMap.Unsigned, v[i], secondScales[block]);
            }
        }
    }

    private static byte Code(DynamicMap map, float x, float scale)
    {
        if (!(scale > 0)) return 0;
        byte code = map.Nearest(x / scale);
        return Math.Sign(x) * Math.Sign(map[code]) == 1 || x == 0 || map == DynamicMap.Unsigned ? code : (byte)(code + Math.Sign(x));
    }

    private static (float W, float M, float V) Step(AdamStep s, float w, float gradient, float m, float v)
    {
        double g = s.GradientFactor * gradient, first = s.Beta1 * m + (1 - s.Beta1) * g, second = s.Beta2 * v + (1 - s.Beta2) * g * g;
        double root = Math.Sqrt(second / (1 - Math.Pow(s.Beta2, s.Time))) + s.Epsilon;
        return ((float)((1 - s.Decay) * w - s.Rate * first / (1 - Math.Pow(s.Beta1, s.Time)) / root), (float)first, (float)second);
    }
}
