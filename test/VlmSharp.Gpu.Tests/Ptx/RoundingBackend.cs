using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// The reference in plain loops with the roundings of tensor cores: operands of products are rounded to bf16, and so are keys and values.
/// It shows how far from fp32 a right implementation is. It does not round the weights of attention and the gradients of scores.
/// </summary>
internal sealed class RoundingBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    public override Matrix Run<TOperator>(in TOperator op)
    {
        switch (op)
        {
            case Linear linear:
                using (Matrix x = Rounded(linear.X)) return Inner.Run(linear with { X = x });
            case LinearRows rows:
                using (Matrix x = Rounded(rows.X)) return Inner.Run(rows with { X = x });
            case GatedLinear gated:
                return Run(gated);
            case PatchEmbed patches:
                using (Matrix pixels = Rounded(patches.Pixels)) return Inner.Run(patches with { Pixels = pixels });
            case AppendKeyValues append:
                using (Matrix k = Rounded(append.K), v = Rounded(append.V)) return Inner.Run(append with { K = k, V = v });
            case Attention attention:
                using (Matrix q = Rounded(attention.Q, attention.Spec.Scale), k = Rounded(attention.K), v = Rounded(attention.V))
                    return Inner.Run(attention with { Q = q, K = k, V = v, Spec = attention.Spec with { Scale = 1 } });
            case CachedAttention cached:
                using (Matrix q = Rounded(cached.Q, cached.Spec.Scale))
                    return Inner.Run(cached with { Q = q, Spec = cached.Spec with { Scale = 1 } });
            case LinearInputGradient input:
                using (Matrix dy = Rounded(input.Gradient)) return Inner.Run(input with { Gradient = dy });
            case LinearWeightGradient weight:
                using (Matrix dy = Rounded(weight.Gradient), x = Rounded(weight.X)) return Inner.Run(weight with { Gradient = dy, X = x });
            case PatchKernelGradient kernel:
                using (Matrix dy = Rounded(kernel.Gradient), pixels = Rounded(kernel.Pixels))
                    return Inner.Run(kernel with { Gradient = dy, Pixels = pixels });
            case AttentionStatistics statistics:
                using (Matrix y = Rounded(statistics.Y)) return Inner.Run(statistics with { Y = y });
            case CrossEntropy loss:
                using (Matrix x = Rounded(loss.X)) return Inner.Run(loss with { X = x });
            case CrossEntropyInputGradient input:
                using (Matrix x = Rounded(input.Loss.X)) return Inner.Run(input with { Loss = input.Loss with { X = x } });
            case CrossEntropyWeightGradient weight:
                using (Matrix x = Rounded(weight.Loss.X)) return Inner.Run(weight with { Loss = weight.Loss with { X = x } });
            default:
                return Inner.Run(op);
        }
    }

    /// <summary>The gate waits for the other product in bf16.</summary>
    private Matrix Run(in GatedLinear op)
    {
        using Matrix x = Rounded(op.X);
        using Matrix gate = Inner.Run(new Linear(x, op.Gate, Activation: Activation.GeluTanh)), up = Inner.Run(new Linear(x, op.Up));
        using Matrix rounded = Rounded(gate);
        float[] a = Values(rounded), b = Values(up);
        for (int i = 0; i < a.Length; i++) a[i] *= b[i];
        return Inner.Upload(a, up.Rows, up.Columns);
    }

    private Matrix Rounded(Matrix x, float scale = 1)
    {
        float[] values = Values(x);
        foreach (ref float value in values.AsSpan()) value = BFloat16.ToSingle(BFloat16.FromSingle(value * scale));
        return Inner.Upload(values, x.Rows, x.Columns);
    }

    private float[] Values(Matrix x)
    {
        float[] values = new float[x.Length];
        Inner.Download(x, values);
        return values;
    }
}
