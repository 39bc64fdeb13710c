using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu.Launching;

/// <summary>An ILGPU device: CUDA or OpenCL.</summary>
internal sealed class AcceleratorDevice : KernelDevice
{
    private readonly Context context;
    private readonly Accelerator accelerator;
    private readonly Dictionary<Kernel, Delegate> launchers = [];
    private readonly Dictionary<Kernel, (ILGPU.Runtime.Kernel Loaded, int SharedBytes)> shared = []; // what each kernel may request
    private readonly CudaReads? reads;

    /// <summary>Takes ownership of the device.</summary>
    /// <param name="context">The ILGPU context that it belongs to.</param>
    /// <param name="accelerator">The device as ILGPU opened it; disposed of with this object.</param>
    public AcceleratorDevice(Context context, Accelerator accelerator)
    {
        this.context = context;
        this.accelerator = accelerator;
        Stream = accelerator.CreateStream(); // our own stream can be recorded; the default one cannot
        Processors = accelerator.NumMultiprocessors;
        if (accelerator is not CudaAccelerator cuda) return;
        MostSharedBytes = CudaSharedMemory.MostBytes(cuda);
        reads = new CudaReads(cuda, (CudaStream)Stream);
    }

    /// <inheritdoc/>
    public override Accelerator Accelerator => accelerator;

    /// <inheritdoc/>
    public override AcceleratorStream Stream { get; }

    /// <inheritdoc/>
    public override int MostSharedBytes { get; }

    /// <inheritdoc/>
    public override int Processors { get; }

    /// <inheritdoc/>
    public override void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args)
    {
        if (grid.IsEmpty) return;
        var launch = (Action<AcceleratorStream, KernelConfig, TArgs>)Loaded(kernel);
        if (grid.SharedBytes > CudaSharedMemory.UsualBytes) AllowShared(kernel, grid.SharedBytes);
        SharedMemoryConfig asked = grid.SharedBytes > 0 ? SharedMemoryConfig.RequestDynamic<byte>(grid.SharedBytes) : default;
        launch(Stream, new KernelConfig(new Index3D(grid.X, grid.Y, grid.Z), new Index3D(kernel.Threads, 1, 1), asked), args);
    }

    /// <inheritdoc/>
    public override PendingRead? BeginRead(ArrayView<float> source) => reads?.Begin(source);

    private void AllowShared(Kernel kernel, int bytes)
    {
        (ILGPU.Runtime.Kernel loaded, int allowed) = shared[kernel];
        if (bytes <= allowed) return;
        int status = CudaSharedMemory.Allow(loaded, bytes);
        if (status != 0)
            throw new GpuException(
                $"{accelerator.Name} does not give the kernel '{kernel}' {bytes:N0} bytes of shared memory (error {status}); "
                + "please report it with the driver's version, and use the CPU backend.");
        shared[kernel] = (loaded, bytes);
    }

    /// <inheritdoc/>
    public override void Load<TArgs>(Kernel<TArgs> kernel) => Loaded(kernel);

    private Delegate Loaded<TArgs>(Kernel<TArgs> kernel) where TArgs : struct
    {
        if (launchers.TryGetValue(kernel, out Delegate? launcher)) return launcher;
        ILGPU.Runtime.Kernel loaded = Compile(kernel);
        shared[kernel] = (loaded, CudaSharedMemory.UsualBytes);
        return launchers[kernel] = loaded.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TArgs>>();
    }

    /// <summary>The resources that a compiled kernel uses; null if the driver does not report them.</summary>
    public KernelResources? ResourcesOf(Kernel kernel) => Compile(kernel) is CudaKernel cuda ? KernelResources.Of(cuda) : null;

    private ILGPU.Runtime.Kernel Compile(Kernel kernel)
    {
        var specialization = new KernelSpecialization(kernel.Threads, accelerator is CudaAccelerator ? kernel.GroupsPerProcessor : null);
        try
        {
            return accelerator.LoadKernel(kernel.Method, specialization);
        }
        catch (Exception e)
        {
            throw new GpuException(
                $"{accelerator.Name} does not take the kernel '{kernel}' ({(e.InnerException ?? e).Message.TrimEnd('.')}); "
                + "please report it with the driver's version, and use the CPU backend.",
                e);
        }
    }

    /// <inheritdoc/>
    public override bool BeginRecording() => Stream is CudaStream stream && CudaGraph.Begin(stream);

    /// <inheritdoc/>
    public override IRecording? EndRecording() => CudaGraph.End((CudaStream)Stream);

    /// <inheritdoc/>
    public override void Wait() => Stream.Synchronize();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        reads?.Dispose();
        Stream.Dispose();
        accelerator.Dispose();
        context.Dispose();
    }
}
