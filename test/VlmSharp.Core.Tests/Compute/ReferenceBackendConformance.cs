using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Compute;

/// <summary>The reference backend against the hand-calculated cases (and, trivially, itself).</summary>
public sealed class ReferenceBackendConformance : BackendConformance
{
    protected override IComputeBackend Create() => new ReferenceBackend();
}
