using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// The backend of plain loops, for students to read and as the oracle that the fast backends are tested against. It is slow on purpose.
/// </summary>
public sealed class ReferenceBackend : HostBackend
{
    /// <summary>Creates the backend.</summary>
    public ReferenceBackend() : base(new ReferenceOperators()) { }

    /// <inheritdoc/>
    public override string Name => "reference";

    /// <inheritdoc/>
    public override string Description => "plain loops, no SIMD, 1 thread";
}
