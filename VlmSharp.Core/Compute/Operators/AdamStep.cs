namespace VlmSharp.Compute.Operators;

/// <summary>
/// The numbers of one step of Adam. They are given in double precision, for 1 - 0.999 in fp32 is off by 5e-5 of itself; what a kernel
/// computes with are the fp32 numbers made from them here.
/// </summary>
/// <param name="Time">t, how many steps this makes, from 1.</param>
/// <param name="Rate">The learning rate of this step.</param>
/// <param name="Decay">
/// What share of the parameter this step takes away. PyTorch's is rate * lambda; the paper's (Loshchilov and Hutter 2019, algorithm 2) is
/// the schedule's multiplier * lambda.
/// </param>
/// <param name="Beta1">What share of the first moment stays, in [0, 1).</param>
/// <param name="Beta2">What share of the second moment stays, in [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment, above 0.</param>
/// <param name="GradientFactor">What the gradient is multiplied by first: one over the number of tokens, times the clipping coefficient.</param>
public readonly record struct AdamStep(
    long Time, double Rate, double Decay = 0, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double GradientFactor = 1)
{
    /// <summary>1 - decay.</summary>
    public float Shrink => (float)(1 - Decay);

    /// <summary>1 - beta1.</summary>
    public float NewFirst => (float)(1 - Beta1);

    /// <summary>1 - beta2.</summary>
    public float NewSecond => (float)(1 - Beta2);

    /// <summary>rate / (1 - beta1^t): the learning rate with the first moment's bias taken out.</summary>
    public float StepSize => (float)(Rate / (1 - Math.Pow(Beta1, Time)));

    /// <summary>1 / sqrt(1 - beta2^t): takes the second moment's bias out of its root.</summary>
    public float RootFactor => (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, Time)));

    internal void Check(string op) => Shapes.Require(
        Time >= 1 && double.IsFinite(Rate) && double.IsFinite(Decay) && double.IsFinite(GradientFactor)
            && Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1 && Epsilon > 0,
        $"{op}: {this}");
}
