using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Registers alive before each instruction: those that it or a later one reads before they are written again.
/// <code>live(i) = reads(i) + (union of live(next) over what may come next - writes(i))</code>
/// </summary>
internal static class LiveRegisterCount
{
    /// <summary>The largest number of registers of 32 bits alive at once, and before which instruction.</summary>
    public static (int Count, int Place) Largest(PtxProgram program)
    {
        ulong[][] live = Solve(program);
        int most = 0, place = 0;
        for (int i = 0; i < live.Length; i++)
        {
            int count = 0;
            for (int r = 0; r < program.Slots; r++)
                if (Has(live[i], r)) count += program.Widths[r];
            if (count > most) (most, place) = (count, i);
        }

        return (most, place);
    }

    /// <summary>From the end to the beginning, until nothing changes.</summary>
    private static ulong[][] Solve(PtxProgram program)
    {
        int words = (program.Slots + 63) / 64;
        ulong[][] live = [.. program.Code.Select(_ => new ulong[words])];
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = program.Code.Length - 1; i >= 0; i--)
            {
                var now = new ulong[words];
                foreach (int next in Next(program, i)) Add(now, live[next]);
                if (program.Code[i].Guard < 0)
                    foreach (int r in program.Code[i].Writes) now[r / 64] &= ~(1ul << (r % 64));
                foreach (int r in program.Code[i].Reads) now[r / 64] |= 1ul << (r % 64);
                changed |= !now.AsSpan().SequenceEqual(live[i]);
                live[i] = now;
            }
        }

        return live;
    }

    private static IEnumerable<int> Next(PtxProgram program, int i)
    {
        PtxInstruction instruction = program.Code[i];
        bool goesOn = instruction.Guard >= 0 || instruction.Flow is not (FlowKind.Branch or FlowKind.BranchIndexed or FlowKind.Exit);
        return goesOn && i + 1 < program.Code.Length ? instruction.Targets.Append(i + 1) : instruction.Targets;
    }

    private static void Add(ulong[] to, ulong[] more)
    {
        for (int i = 0; i < to.Length; i++) to[i] |= more[i];
    }

    private static bool Has(ulong[] set, int r) => (set[r / 64] >> (r % 64) & 1) != 0;
}
