namespace VlmSharp.Cpu.Formats;

/// <summary>
/// Integers in groups that share a scale: what is stored, and which integers the activations become beside them. How products read the
/// groups is said by <see cref="IStoredGroups"/> and <see cref="IUnpackedGroups"/>.
/// </summary>
internal unsafe interface IGroupFormat
{
    /// <summary>Weights of a group.</summary>
    static abstract int Group { get; }

    /// <summary>Bytes of a group.</summary>
    static abstract int Bytes { get; }

    /// <summary>What is added to a weight where it is stored, so that it has no sign; it comes off each group's sum again.</summary>
    static abstract int Offset { get; }

    /// <summary>Bytes of an activation: 2 or 1.</summary>
    static abstract int ActivationBytes { get; }

    /// <summary>The integer that stands for the largest activation of a group.</summary>
    static abstract int MostActivation { get; }
}
