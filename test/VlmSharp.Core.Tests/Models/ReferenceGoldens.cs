using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Core.Tests.Models;

public sealed class ReferenceModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => new ReferenceBackend();
}

public sealed class ReferenceBeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => new ReferenceBackend();
}

public sealed class ReferenceDemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => new ReferenceBackend();

    protected override int Scenes => 2; // plain loops take seconds for each scene
}

public sealed class ReferenceNf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() => new ReferenceBackend();
}
