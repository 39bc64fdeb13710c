namespace VlmSharp.Cpu.Formats;

/// <summary>
/// Integers in groups that share a scale: what is stored, and the integers to which activations are rounded for products with them.
/// <see cref="IStoredGroups"/> and <see cref="IUnpackedGroups"/> define how products read the groups.
/// </summary>
internal unsafe interface IGroupFormat
{
    /// <summary>Weights of a group.</summary>
    static abstract int Group { get; }

    /// <summary>Bytes of a group.</summary>
    static abstract int Bytes { get; }

    /// <summary>What is added to a weight in storage to make it unsigned; each group's sum is corrected for it.</summary>
    static abstract int Offset { get; }

    /// <summary>Bytes of an activation: 2 or 1.</summary>
    static abstract int ActivationBytes { get; }

    /// <summary>The integer that stands for the largest activation of a group.</summary>
    static abstract int MostActivation { get; }
}
