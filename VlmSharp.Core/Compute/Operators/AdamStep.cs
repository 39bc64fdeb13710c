namespace VlmSharp.Compute.Operators;

/// <summary>
/// The numbers of one step of Adam. They are given in double precision, because 1 - 0.999 in fp32 has a relative error of 5e-5. Kernels
/// compute with the fp32 numbers that are derived from them here.
/// </summary>
/// <param name="Time">t, the number of this step, from 1.</param>
/// <param name="Rate">The learning rate of this step.</param>
/// <param name="Decay">
/// The share of the parameter that this step removes. In PyTorch it is rate * lambda; in the paper (Loshchilov and Hutter 2019, algorithm
/// 2) it is the schedule's multiplier * lambda.
/// </param>
/// <param name="Beta1">The share of the first moment that is kept, in [0, 1).</param>
/// <param name="Beta2">The share of the second moment that is kept, in [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment, above 0.</param>
/// <param name="GradientFactor">Multiplies the gradient first: one over the number of tokens, times the clipping coefficient.</param>
public readonly record struct AdamStep(
    long Time, double Rate, double Decay = 0, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double GradientFactor = 1)
{
    /// <summary>1 - decay.</summary>
    public float Shrink => (float)(1 - Decay);

    /// <summary>1 - beta1.</summary>
    public float NewFirst => (float)(1 - Beta1);

    /// <summary>1 - beta2.</summary>
    public float NewSecond => (float)(1 - Beta2);

    /// <summary>rate / (1 - beta1^t): the learning rate with the correction of the first moment's bias.</summary>
    public float StepSize => (float)(Rate / (1 - Math.Pow(Beta1, Time)));

    /// <summary>1 / sqrt(1 - beta2^t): corrects the second moment's bias, as a factor of its root.</summary>
    public float RootFactor => (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, Time)));

    internal void Check(string op) => Shapes.Require(
        Time >= 1 && double.IsFinite(Rate) && double.IsFinite(Decay) && double.IsFinite(GradientFactor)
            && Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1 && Epsilon > 0,
        $"{op}: {this}");
}
