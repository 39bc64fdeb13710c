using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Training.Tests.Gradients;

public sealed class ReferenceAdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => new ReferenceBackend();
}
