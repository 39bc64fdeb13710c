using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests;

/// <summary>Tests that are skipped on a processor without some registers. Emulated, they would take minutes or test other code.</summary>
/// <param name="tier">The registers.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsTierAttribute(SimdTier tier) : SkipReasonAttribute
{
    /// <summary>The registers.</summary>
    public SimdTier Tier => tier;

    /// <inheritdoc/>
    public override string? Reason =>
        SimdTiers.IsSupported(tier) ? null : $"This processor has no {SimdTiers.Bits(tier)}-bit vectors.";
}
