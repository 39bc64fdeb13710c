using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Devices;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests;

/// <summary>
/// The OpenCL device of all tests: kernels are compiled once, which takes longer than everything else. Tests that use it are of one
/// collection, for a device serves one thread at a time.
/// </summary>
internal sealed class SharedDevice : KernelDevice
{
    /// <summary>The collection of the tests that use it.</summary>
    public const string Collection = "OpenCL device";

    private static readonly Lazy<AcceleratorDevice> Opened = new(() =>
    {
        Accelerator accelerator = GpuDevices.Open(GpuPlatform.OpenCL);
        return new AcceleratorDevice(accelerator.Context, accelerator);
    });

    private static AcceleratorDevice Inner => Opened.Value;

    public override Accelerator Accelerator => Inner.Accelerator;

    public override AcceleratorStream Stream => Inner.Stream;

    public override int MostSharedBytes => Inner.MostSharedBytes;

    public override int Processors => Inner.Processors;

    /// <summary>A backend with portable kernels on it.</summary>
    public static GpuBackend Backend(DType? kvCacheFormat = null) =>
        new(new SharedDevice(), "opencl", "the OpenCL device of the tests", useTensorCores: false, kvCacheFormat);

    public override void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args) => Inner.Launch(kernel, grid, args);

    public override void Load<TArgs>(Kernel<TArgs> kernel) => Inner.Load(kernel);

    public override void Copy<T>(ArrayView<T> source, ArrayView<T> target) => Inner.Copy(source, target);

    public override void Wait() => Inner.Wait();

    // It stays for the next test.
    protected override void Dispose(bool disposing) { }
}
