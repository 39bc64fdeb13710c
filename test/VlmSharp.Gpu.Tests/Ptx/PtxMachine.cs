using System.Runtime.ExceptionServices;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Runs the PTX that ILGPU generates, including inline PTX, on the CPU, for tests. It is strict where a GPU is lenient, and reports the
/// faults that it detects (<see cref="PtxFault"/>). Groups run on all cores.
/// </summary>
internal sealed class PtxMachine
{
    private readonly GlobalShadow shadow = new();

    /// <summary>The number of instructions after which a warp is given up.</summary>
    public long MostSteps { get; set; } = 200_000_000;

    /// <summary>Watches global memory for races. Costs 24 bytes for each 4 that a launch may touch.</summary>
    public bool WatchesGlobalMemory { get; set; } = true;

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The parsed text of a kernel.</param>
    /// <param name="grid">Groups of threads in each direction.</param>
    /// <param name="threads">Threads of a group.</param>
    /// <param name="parameters">The parameters' bytes.</param>
    /// <param name="ranges">The memory that the launch may touch.</param>
    public PtxReport Launch(PtxProgram program, in LaunchGrid grid, int threads, byte[] parameters, params MemoryRange[] ranges)
    {
        if (parameters.Length != program.ParameterBytes)
            throw Refuse(program, $"parameters of {parameters.Length} bytes, the program has {program.ParameterBytes}");
        if (program.SharedBytes > PtxProgram.MostStaticShared)
            throw Refuse(program, $"{program.SharedBytes} bytes of shared memory declared, {PtxProgram.MostStaticShared} possible");
        if (threads is < 1 or > 1024) throw Refuse(program, $"{threads} threads in a group");
        var report = new PtxReport(program);
        if (grid.IsEmpty) return report;
        var global = new GlobalMemory(ranges, WatchesGlobalMemory ? shadow : null, program.GlobalGrain);
        var launch = new Launch(grid, threads, parameters, global, MostSteps);
        int groups = checked(grid.X * grid.Y * grid.Z), next = -1;
        // Each worker takes the next group. A group object that met a fault is not reused.
        void Work()
        {
            if (!program.Idle.TryTake(out Group? group)) group = new Group(program);
            for (int number; (number = Interlocked.Increment(ref next)) < groups;) group.Run(launch, number);
            report.Take(group);
            program.Idle.Add(group);
        }

        int workers = Math.Min(groups, Environment.ProcessorCount);
        if (workers == 1) Work();
        else
            try
            {
                Parallel.For(0, workers, _ => Work());
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }

        return report;
    }

    private static PtxException Refuse(PtxProgram program, string why) => new(PtxFault.Refused, $"{program.Name}: {why}");
}
