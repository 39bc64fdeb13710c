using VlmSharp.Gpu.Tests.Ptx.Execution;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>What a launch did: executions, bank conflicts, sectors of global memory.</summary>
internal sealed class PtxReport(PtxProgram program)
{
    private readonly long[] counts = new long[program.Code.Length * 2], extraPasses = new long[program.Code.Length];
    private readonly long[] sectors = new long[program.Code.Length];

    /// <summary>What ran.</summary>
    public PtxProgram Program => program;

    /// <summary>Instructions that warps executed.</summary>
    public long WarpInstructions => Enumerable.Range(0, program.Code.Length).Sum(i => counts[i * 2]);

    /// <summary>Instructions that threads executed.</summary>
    public long ThreadInstructions => Enumerable.Range(0, program.Code.Length).Sum(i => counts[i * 2 + 1]);

    /// <summary>Passes of shared memory beyond the first, of all instructions.</summary>
    public long ExtraPasses => extraPasses.Sum();

    /// <summary>
    /// Sectors of 32 bytes that loads from global memory (ld.global, cp.async) touched, each warp and execution for itself.
    /// </summary>
    public long SectorsRead => sectors.Sum();

    /// <summary>How often warps executed the instructions whose name starts so.</summary>
    public long Count(string name) =>
        Enumerable.Range(0, program.Code.Length).Where(i => program.Code[i].Name.StartsWith(name,
            StringComparison.Ordinal)).Sum(i => counts[i * 2]);

    /// <summary>The instructions with bank conflicts, the worst first: text, executions, extra passes.</summary>
    public IEnumerable<(string Text, long Executions, long ExtraPasses)> Conflicts() =>
        Enumerable.Range(0, program.Code.Length).Where(i => extraPasses[i] > 0).OrderByDescending(i => extraPasses[i])
            .Select(i => (program.Code[i].Text, counts[i * 2], extraPasses[i]));

    /// <summary>Adds what a group object has counted, and clears it there.</summary>
    public void Take(Group group)
    {
        lock (counts)
        {
            Move(group.Counts, counts);
            Move(group.ExtraPasses, extraPasses);
            Move(group.Sectors, sectors);
        }
    }

    /// <summary>Whether the other is of the same program.</summary>
    public bool CanAdd(PtxReport other) => other.Program == program;

    /// <summary>Adds another launch.</summary>
    public PtxReport Add(PtxReport other)
    {
        for (int i = 0; i < counts.Length; i++) counts[i] += other.counts[i];
        for (int i = 0; i < extraPasses.Length; i++) extraPasses[i] += other.extraPasses[i];
        for (int i = 0; i < sectors.Length; i++) sectors[i] += other.sectors[i];
        return this;
    }

    private static void Move(long[] from, long[] to)
    {
        for (int i = 0; i < from.Length; i++) to[i] += from[i];
        Array.Clear(from);
    }
}
