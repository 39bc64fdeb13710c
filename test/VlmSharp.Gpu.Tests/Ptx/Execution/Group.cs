using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Execution;

/// <summary>
/// A group of threads: its warps run one after the other to the next barrier. Its memory is used again for the next group.
/// </summary>
internal sealed class Group
{
    private readonly PtxProgram program;
    private Warp[] warps = [];

    public Group(PtxProgram program)
    {
        this.program = program;
        Shared = new SharedMemory(program.SharedGrain);
        Counts = new long[program.Code.Length * 2];
        ExtraPasses = new long[program.Code.Length];
        Sectors = new long[program.Code.Length];
    }

    /// <summary>The program that runs.</summary>
    public Launch Launch { get; private set; } = null!;

    public SharedMemory Shared { get; }

    public int X { get; private set; }

    public int Y { get; private set; }

    public int Z { get; private set; }

    /// <summary>The number of the group in the launch.</summary>
    public int Number { get; private set; }

    /// <summary>The number of barriers, over all groups that this object has run.</summary>
    public int Epoch { get; private set; } = 1;

    /// <summary>Executions: [instruction, warps or threads].</summary>
    public long[] Counts { get; }

    /// <summary>Passes of shared memory beyond the first that bank conflicts cost: [instruction].</summary>
    public long[] ExtraPasses { get; }

    /// <summary>Sectors of global memory that were read: [instruction].</summary>
    public long[] Sectors { get; }

    /// <summary>An instruction was executed.</summary>
    public void Count(int place, int byWarps, int byThreads)
    {
        Counts[place * 2] += byWarps;
        Counts[place * 2 + 1] += byThreads;
    }

    public void Run(Launch launch, int number)
    {
        Launch = launch;
        Number = number;
        X = number % launch.Grid.X;
        Y = number / launch.Grid.X % launch.Grid.Y;
        Z = number / launch.Grid.X / launch.Grid.Y;
        int warpCount = (launch.Threads + Warp.Lanes - 1) / Warp.Lanes;
        if (warps.Length != warpCount) warps = [.. Enumerable.Range(0, warpCount).Select(i => new Warp(this, program, i))];
        Shared.Begin(program.SharedBytes + launch.Grid.SharedBytes, ++Epoch);
        for (int i = 0; i < warps.Length; i++) warps[i].Begin(launch.Threads - i * Warp.Lanes);
        do
            foreach (Warp warp in warps) warp.Run();
        while (PassBarrier());
    }

    /// <summary>
    /// Opens a barrier: all threads must wait at the same barrier, and none may have ended. Returns false if all have
    /// ended.
    /// </summary>
    private bool PassBarrier()
    {
        Warp? first = Array.Find(warps, w => w.IsAtBarrier);
        if (first is null) return false;
        int alive = warps.Sum(w => w.Alive);
        if (alive != Launch.Threads)
            throw first.Fault(PtxFault.Deadlock, 0, $"a barrier, but {Launch.Threads - alive} threads of the group have ended");
        if (Array.Find(warps, w => w.Place != first.Place) is { } other)
            throw first.Fault(PtxFault.Deadlock, 0, $"a barrier, but warp {other.Index} waits at another, \"{other.Text}\"");
        Count(first.Place, warps.Length, alive);
        Epoch++;
        Shared.Epoch = Epoch;
        foreach (Warp warp in warps) warp.Pass();
        return true;
    }
}
