using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using VlmSharp.Compute;
using VlmSharp.Gpu.Devices;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;
using VlmSharp.Gpu.Operators;

namespace VlmSharp.Gpu;

/// <summary>
/// The backend for graphics cards: every operator is C# kernels that ILGPU compiles for CUDA or OpenCL. Work is queued; <see
/// cref="Download"/> waits for it.
/// </summary>
/// <remarks>
/// Layers: <see cref="GpuOperators{TCore}"/>, one file per operator -> <c>Kernels</c> (what kernels share, and where tensor cores and
/// portable devices differ) -> <c>Launching</c> (compiling, launching, recording) and <c>Memory</c> (pool, parameters, KV caches, tables of
/// steps).
/// </remarks>
public sealed class GpuBackend : IComputeBackend
{
    private readonly GpuContext context;
    private readonly object operators;
    private readonly StepTables tables;
    private readonly RecordedSteps steps;
    private readonly WeightUploader uploader;
    private bool uploading, disposed;

    /// <summary>Starts a device.</summary>
    /// <param name="options">The device and its settings; null for the first CUDA device.</param>
    /// <exception cref="GpuException">There is no such device, or it cannot be used; the message says why.</exception>
    public GpuBackend(GpuBackendOptions? options = null)
        : this(Opened.Start(options ?? new GpuBackendOptions()), options?.KvCacheFormat) { }

    private GpuBackend(Opened opened, DType? kvCacheFormat)
        : this(opened.Device, opened.Name, opened.Description, opened.HasTensorCores, kvCacheFormat) { }

    /// <summary>Runs on a device that is already open.</summary>
    /// <param name="device">The device. The backend disposes of it.</param>
    /// <param name="name">A short name to choose the backend by.</param>
    /// <param name="description">The device's description for users.</param>
    /// <param name="useTensorCores">Whether kernels use tensor cores; otherwise they run on any device, all in fp32.</param>
    /// <param name="kvCacheFormat">BF16 or F32; null for the format that suits the kernels.</param>
    internal GpuBackend(KernelDevice device, string name, string description, bool useTensorCores, DType? kvCacheFormat = null)
    {
        Name = name;
        Description = description;
        HasTensorCores = useTensorCores;
        context = new GpuContext(device, kvCacheFormat ?? (useTensorCores ? DType.BF16 : DType.F32));
        operators = useTensorCores ? new GpuOperators<TensorCore>(context) : new GpuOperators<PortableCore>(context);
        tables = new StepTables(context);
        steps = new RecordedSteps(context, tables);
        MemoryBytes = device.Accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : device.Accelerator.MemorySize;
        uploader = new WeightUploader(device, context.Pool, prefersBFloat16: useTensorCores);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>The device that runs the kernels.</summary>
    internal KernelDevice Device => context.Device;

    /// <summary>Whether the kernels use tensor cores.</summary>
    internal bool HasTensorCores { get; }

    /// <inheritdoc/>
    public int Threads => Environment.ProcessorCount;

    /// <inheritdoc/>
    public bool IsQueued => true;

    /// <inheritdoc/>
    public bool CopiesWeights => true;

    /// <inheritdoc/>
    public long MemoryBytes { get; }

    /// <inheritdoc/>
    public DType KvCacheFormat => context.KvCacheFormat;

    /// <inheritdoc/>
    public Matrix Allocate(int rows, int columns)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return context.Allocate(rows, columns);
    }

    /// <inheritdoc/>
    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        if (values.Length != (long)rows * columns)
            throw new ArgumentException($"Upload: {values.Length} numbers do not fill [{rows}, {columns}].");
        Matrix y = Allocate(rows, columns);
        context.Staging.Copy(values, y.Floats());
        return y;
    }

    /// <inheritdoc/>
    public Indices Upload(ReadOnlySpan<int> values)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return context.Upload(values);
    }

    /// <inheritdoc/>
    public void Download(Matrix x, Span<float> destination)
    {
        if (destination.Length != x.Length)
            throw new ArgumentException($"Download: {x} does not fit {destination.Length} numbers.");
        if (destination.IsEmpty) return;
        try
        {
            if (x.Block().Read is { } read && read.TryTake(destination)) return; // the step has already queued its copy
            using Matrix wide = context.Widen(x);
            context.Device.Read(wide.Floats(), destination);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e, "what was queued before a result was read");
        }
    }

    /// <inheritdoc/>
    public Weight LoadWeight(in WeightData data)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        uploading = true;
        try
        {
            return uploader.Upload(data);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e, $"copying the parameter {data.Name}");
        }
    }

    /// <inheritdoc/>
    public KvCache CreateKvCache(int layers, int width, int capacity)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return new DeviceKvCache(context.Arena, context.KvCacheFormat, layers, width, capacity);
    }

    /// <inheritdoc/>
    public StepTable Prepare(SequenceBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return tables.Prepare(batch);
    }

    /// <inheritdoc/>
    public Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator
    {
        MatrixShape? shape = op.Check();
        if (operators is not IOperatorKernel<TOperator> kernel)
            throw new NotSupportedException($"The backend {Name} has no kernel for {typeof(TOperator).Name}.");
        try
        {
            FinishUploads();
            return kernel.Run(op, shape ?? default);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e, typeof(TOperator).Name);
        }
    }

    /// <inheritdoc/>
    public TResult RunFused<TOperator, TResult>(in TOperator op) where TOperator : struct, IFusedOperator<TResult>
    {
        if (operators is not IFusedKernel<TOperator, TResult> kernel) return op.Compose(this);
        try
        {
            FinishUploads();
            return kernel.Run(op, this);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e, typeof(TOperator).Name);
        }
    }

    /// <inheritdoc/>
    public Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        try
        {
            FinishUploads();
            return steps.Run(key, input, state, body);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e, "a recorded step");
        }
    }

    private VlmSharpException Failed(AcceleratorException e, string doing) => DeviceFailure.Of(e, Description, doing);

    // Parameters are copied on separate queues. A kernel must not read one before its copy has finished.
    private void FinishUploads()
    {
        if (!uploading) return;
        uploading = false;
        uploader.Finish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        // A device that has failed fails in each of these calls too; the error that matters was reported when it happened.
        foreach (Action end in new Action[] { uploader.Finish, uploader.Dispose, steps.Dispose, context.Dispose })
        {
            try
            {
                end();
            }
            catch (AcceleratorException)
            {
            }
        }
    }

    /// <summary>A device that has been started.</summary>
    private sealed record Opened(KernelDevice Device, string Name, string Description, bool HasTensorCores)
    {
        public static Opened Start(GpuBackendOptions options)
        {
            Accelerator accelerator = GpuDevices.Open(options.Platform, options.Device);
            bool hasTensorCores = accelerator is CudaAccelerator { Architecture: var architecture }
                && architecture >= CudaArchitecture.SM_80;
            string cores = hasTensorCores ? "tensor cores, bf16" : "portable kernels, fp32";
            string name = options.Platform == GpuPlatform.Cuda ? "cuda" : "opencl";
            return new Opened(
                new AcceleratorDevice(accelerator.Context, accelerator), name, $"{accelerator.Name}, {cores}", hasTensorCores);
        }
    }
}
