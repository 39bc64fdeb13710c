using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Gpu.Memory;
using VlmSharp.Models;

namespace VlmSharp.Gpu.Tests;

/// <summary>Whole models on an OpenCL device, with the tolerances of the CPU backend, because all its arithmetic is fp32.</summary>
[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}

[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClBeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();

    protected override void ApplyFault(KvCache cache, TextConfig config)
    {
        var kept = (DeviceKvCache)cache;
        var device = new SharedDevice();
        float[] rows = new float[kept.Length * kept.Width];
        foreach (int layer in HybridCacheFault.WindowedLayers(config))
            foreach (ArrayView<float> view in new[] { kept.Plane(2 * layer), kept.Plane(2 * layer + 1) })
            {
                device.Read<float>(view.SubView(0, rows.Length), rows);
                HybridCacheFault.Shift(rows, kept.Width);
                device.Write<float>(rows, view.SubView(0, rows.Length));
            }
    }
}

[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClSamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}

[Collection(SharedDevice.Collection)]
public sealed class OpenClDemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();

    protected override int Scenes => 40;
}

[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClAdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();

    protected override double RowTolerance => 1e-5;
}

[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClGradientGoldens : GradientGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}

[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClNf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}
