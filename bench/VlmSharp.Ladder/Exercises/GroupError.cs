namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>VlmSharp.Cpu/Kernels/Products/Quantization.md</c>: how far rounding moves weights that are normally
/// distributed, without quantizing one.
/// </summary>
public static class GroupError
{
    /// <summary>
    /// The root mean square error of rounding to s q with s = max|w| / steps, for weights with standard deviation 1. A rounded number
    /// is off by something between -s/2 and s/2, each equally likely: s^2 / 12 in the mean. And the mean of max^2 over groups of g is
    /// <code>
    /// E max^2 = integral from 0 to infinity of 2 x P(max > x) dx,     P(max > x) = 1 - erf(x / sqrt 2)^g
    /// </code>
    /// </summary>
    /// <param name="group">g, weights that share a scale.</param>
    /// <param name="steps">127 for int8.</param>
    public static double RootMeanSquare(int group, int steps)
    {
        const double Step = 1e-3, End = 12;
        double square = 0, erf = 0;
        for (double x = Step / 2; x < End; x += Step)
        {
            // erf(x / sqrt 2) is the integral of the normal density from -x to x.
            erf = Math.Min(1, erf + Step * Math.Sqrt(2 / Math.PI) * Math.Exp(-x * x / 2));
            square += Step * 2 * x * (1 - Math.Pow(erf, group));
        }

        return Math.Sqrt(square / 12) / steps;
    }
}
