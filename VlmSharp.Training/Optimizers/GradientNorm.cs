using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Optimizers;

/// <summary>The global norm of a gradient, and clipping by it (Pascanu et al. 2013, section 3.2).</summary>
public static class GradientNorm
{
    /// <summary>sqrt(sum of the squares of all gradients' numbers). One round trip to a device.</summary>
    /// <param name="backend">Where the gradients are.</param>
    /// <param name="parameters">Those without a gradient count as 0.</param>
    /// <returns>The norm; NaN or infinite where a gradient is.</returns>
    public static double Of(IComputeBackend backend, IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Matrix sum = default; // [1, 1]
        foreach (Parameter parameter in parameters)
        {
            if (!parameter.Gradient.HasValue) continue;
            Matrix next = backend.SumOfSquares(parameter.Gradient, sum);
            sum.Dispose();
            sum = next;
        }

        if (!sum.HasValue) return 0;
        Span<float> value = stackalloc float[1];
        backend.Download(sum, value);
        sum.Dispose();
        return Math.Sqrt(value[0]);
    }

    /// <summary>The factor that clips a gradient, as in PyTorch: most / (norm + 1e-6), at most 1.</summary>
    /// <param name="norm">The norm before clipping.</param>
    /// <param name="most">The norm above which gradients are clipped; null for no clipping.</param>
    /// <returns>The coefficient, in (0, 1].</returns>
    public static double ClipCoefficient(double norm, double? most) => most is { } limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;
}
