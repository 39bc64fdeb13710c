using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Parsing;
using Kernel = VlmSharp.Gpu.Launching.Kernel;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// A device whose kernels are the PTX that a CUDA device would get, run by <see cref="PtxMachine"/>. Its memory is the host's: ILGPU's
/// CPU accelerator owns it, so that buffers and copies are ILGPU's own; nothing is launched there. A launch has run when
/// <see cref="Launch"/> returns.
/// </summary>
internal sealed class PtxDevice : KernelDevice
{
    private readonly Context context = Context.Create(builder => builder.CPU(new CPUDevice(2, 1, 1)));
    private readonly Dictionary<Kernel, PtxReport> reports = [];
    private readonly Dictionary<Kernel, PtxProgram> replaced = [];

    public PtxDevice() => Accelerator = context.CreateCPUAccelerator(0);

    public override Accelerator Accelerator { get; }

    public override AcceleratorStream Stream => Accelerator.DefaultStream;

    public override int MostSharedBytes => 227 * 1024;

    public override int Processors => ProcessorCount;

    /// <summary>The number of multiprocessors that it claims to have.</summary>
    public int ProcessorCount { get; init; } = 4;

    /// <summary>Runs the programs.</summary>
    public PtxMachine Machine { get; } = new();

    /// <summary>What all launches of each kernel did together.</summary>
    public IReadOnlyDictionary<Kernel, PtxReport> Reports => reports;

    /// <summary>Runs another program in a kernel's place: one broken on purpose, say.</summary>
    public void Replace(Kernel kernel, string ptx) => replaced[kernel] = PtxProgram.Parse(ptx);

    public override void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args)
    {
        if (grid.IsEmpty) return;
        if (grid.Y > 65535 || grid.Z > 65535) throw new PtxException(PtxFault.Refused, $"{grid} of {kernel}");
        PtxProgram program = replaced.TryGetValue(kernel, out PtxProgram? other) ? other : PtxCompiler.Program(kernel);
        int wanted = program.SharedBytes + grid.SharedBytes;
        if (wanted > MostSharedBytes)
            throw new PtxException(PtxFault.Refused, $"{wanted} bytes of shared memory wanted, there are {MostSharedBytes} [{kernel}]");
        var (parameter, ranges) = ArgumentLayout.Of(typeof(TArgs)).Write(args);
        PtxReport report;
        try
        {
            report = Machine.Launch(program, grid, kernel.Threads, parameter, ranges);
        }
        catch (PtxException e)
        {
            throw e.In(kernel.ToString());
        }

        if (!reports.TryAdd(kernel, report)) reports[kernel] = reports[kernel].CanAdd(report) ? reports[kernel].Add(report) : report;
    }

    public override void Load<TArgs>(Kernel<TArgs> kernel) => PtxCompiler.Program(kernel);

    public override void Wait() => Stream.Synchronize();

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        Accelerator.Dispose();
        context.Dispose();
    }
}
