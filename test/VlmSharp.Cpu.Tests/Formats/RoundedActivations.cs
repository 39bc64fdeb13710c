using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Cpu.Tests.Formats;

/// <summary>
/// Another backend's products with activations of 8 bits beside weights of 4 bits and, if asked, of 8: each 32 activations are rounded to
/// whole multiples of a 127th of the largest. Activations of 16 bits are not rounded, which is nearly the same.
/// </summary>
/// <param name="inner">The backend; owned by the caller.</param>
/// <param name="activationBits">8 or 16, beside weights of 8 bits.</param>
internal sealed class RoundedActivations(IComputeBackend inner, int activationBits) : DelegatingBackend(inner)
{
    private const int Group = 32;

    public override Matrix Run<TOperator>(in TOperator op)
    {
        switch (op)
        {
            case Linear linear when IsRounded(linear.Weight):
                using (Matrix x = Rounded(linear.X)) return Inner.Run(linear with { X = x });
            case LinearRows rows when IsRounded(rows.Weight):
                using (Matrix x = Rounded(rows.X)) return Inner.Run(rows with { X = x });
            case GatedLinear gated when IsRounded(gated.Gate):
                Assert.True(IsRounded(gated.Up));
                using (Matrix x = Rounded(gated.X)) return Inner.Run(gated with { X = x });
            default:
                return Inner.Run(op);
        }
    }

    private bool IsRounded(Weight weight) => weight.DType == DType.Int4 || (weight.DType == DType.Int8 && activationBits == 8);

    private Matrix Rounded(Matrix x)
    {
        float[] values = new float[x.Length];
        Inner.Download(x, values);
        for (int first = 0; first < values.Length; first += Group) // rows are whole groups
        {
            Span<float> group = values.AsSpan(first, Group);
            float step = 0;
            foreach (float value in group) step = MathF.Max(step, MathF.Abs(value) / sbyte.MaxValue);
            if (step == 0) continue;
            foreach (ref float value in group) value = step * MathF.Round(value / step);
        }

        return Inner.Upload(values, x.Rows, x.Columns);
    }
}
