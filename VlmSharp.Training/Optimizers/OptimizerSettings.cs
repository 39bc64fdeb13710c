namespace VlmSharp.Training.Optimizers;

/// <summary>Which parameters weight decay applies to.</summary>
public enum DecayScope
{
    /// <summary>Every parameter that is trained, as PyTorch's optimizers do.</summary>
    All,

    /// <summary>Only matrices that multiply features, not gains, biases and vectors: big_vision's rule.</summary>
    Kernels,
}

/// <summary>The factor of weight decay.</summary>
public enum DecayForm
{
    /// <summary>The learning rate of the step: PyTorch's AdamW.</summary>
    LearningRate,

    /// <summary>Only the schedule's multiplier: the paper's AdamW (Loshchilov and Hutter 2019, algorithm 2) and big_vision.</summary>
    Schedule,
}

/// <summary>Settings of an optimizer. Defaults are PyTorch's.</summary>
public sealed record OptimizerSettings
{
    /// <summary>lambda, the weight decay: a factor without unit, 0 for none. How it enters a step depends on the optimizer.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Which parameters decay.</summary>
    public DecayScope DecayScope { get; init; }

    /// <summary>The factor of lambda; SGD supports only <see cref="DecayForm.LearningRate"/>.</summary>
    public DecayForm DecayForm { get; init; }

    /// <summary>The decay rate of Adam's first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay rate of Adam's second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of Adam's second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The decay rate of SGD's velocity, in [0, 1).</summary>
    public double Momentum { get; init; }
}
