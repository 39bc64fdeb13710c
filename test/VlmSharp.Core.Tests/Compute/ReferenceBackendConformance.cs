using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Compute;

/// <summary>Runs the hand-calculated cases on the reference backend, which is also, trivially, compared with itself.</summary>
public sealed class ReferenceBackendConformance : BackendConformance
{
    protected override IComputeBackend Create() => new ReferenceBackend();
}
