namespace VlmSharp.Training.Optimizers;

/// <summary>Which parameters weight decay takes from.</summary>
public enum DecayScope
{
    /// <summary>Every parameter that is trained, as PyTorch's optimizers do.</summary>
    All,

    /// <summary>Matrices that features are multiplied by alone, no gains, biases and vectors: big_vision's rule.</summary>
    Kernels,
}

/// <summary>What weight decay is multiplied by.</summary>
public enum DecayForm
{
    /// <summary>By the learning rate of the step: PyTorch's AdamW.</summary>
    LearningRate,

    /// <summary>By the schedule's multiplier alone: the paper's AdamW (Loshchilov and Hutter 2019, algorithm 2) and big_vision.</summary>
    Schedule,
}

/// <summary>What an optimizer is told. Defaults are PyTorch's.</summary>
public sealed record OptimizerSettings
{
    /// <summary>lambda.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Which parameters decay.</summary>
    public DecayScope DecayScope { get; init; }

    /// <summary>What lambda is multiplied by; SGD takes <see cref="DecayForm.LearningRate"/> alone.</summary>
    public DecayForm DecayForm { get; init; }

    /// <summary>What share of Adam's first moment stays, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>What share of Adam's second moment stays, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of Adam's second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>What share of SGD's velocity stays, in [0, 1).</summary>
    public double Momentum { get; init; }
}
