using VlmSharp.Adapters;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Training;

/// <summary>Which parts of a model are trained, and in which formats.</summary>
public sealed record TrainableOptions
{
    /// <summary>Whether the parameter with a canonical name is itself trained.</summary>
    public Func<string, bool> IsTrained { get; init; } = static _ => false;

    /// <summary>A new adapter to train, or null.</summary>
    public AdapterConfig? NewAdapter { get; init; }

    /// <summary>The folder of an adapter to continue training, or null.</summary>
    public string? AdapterFolder { get; init; }

    /// <summary>The seed of a new adapter's matrices.</summary>
    public long Seed { get; init; }

    /// <summary>How trained parameters of the model are stored: F32, or BF16 with an fp32 master copy that the optimizer changes.</summary>
    public DType Precision { get; init; } = DType.F32;

    /// <summary>Quantizes the frozen matrices of the decoder while they are loaded, or null to take them as they are.</summary>
    public DType? Quantization { get; init; }

    /// <summary>
    /// Whether each block keeps only its input and is run again in the backward pass; see <see cref="Gradients.Tape.Checkpointing"/>.
    /// </summary>
    public bool Checkpointing { get; init; } = true;

    /// <summary>Compatibility switches, or null for the defaults.</summary>
    public ModelOptions? Model { get; init; }
}
