using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu;

/// <summary>Stands in until the operators are here: it opens the device and computes nothing.</summary>
public sealed class GpuBackend : IComputeBackend
{
    private readonly GpuBackendOptions options;
    private readonly Accelerator accelerator;

    /// <summary>Opens the device.</summary>
    /// <param name="options">Which.</param>
    /// <exception cref="GpuException">There is none.</exception>
    public GpuBackend(GpuBackendOptions options)
    {
        this.options = options;
        accelerator = GpuDevices.Open(options.Platform, options.Device);
    }

    /// <inheritdoc/>
    public string Name => options.Platform == GpuPlatform.Cuda ? "cuda" : "opencl";

    /// <inheritdoc/>
    public string Description => accelerator.Name;

    /// <inheritdoc/>
    public Matrix Allocate(int rows, int columns) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Indices Upload(ReadOnlySpan<int> values) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Download(Matrix x, Span<float> destination) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Weight LoadWeight(in WeightData data) => throw new NotSupportedException();

    /// <inheritdoc/>
    public KvCache CreateKvCache(int layers, int width, int capacity) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose()
    {
        Context context = accelerator.Context;
        accelerator.Dispose();
        context.Dispose();
    }
}
