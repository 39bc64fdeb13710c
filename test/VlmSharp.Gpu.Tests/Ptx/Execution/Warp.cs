using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Instructions;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx.Execution;

/// <summary>
/// 32 threads in step. If they diverge at a branch, the threads at the earliest instruction run until they meet the others. Lanes wait
/// at barriers and at instructions for a whole warp until all are there.
/// </summary>
internal sealed unsafe class Warp
{
    public const int Lanes = 32;
    private readonly PtxProgram program;
    private readonly ulong[] registers;
    private readonly int[] places = new int[Lanes];
    private uint live, waiting;
    private long steps;

    public Warp(Group group, PtxProgram program, int index)
    {
        Group = group;
        Index = index;
        this.program = program;
        registers = GC.AllocateUninitializedArray<ulong>(Math.Max(1, program.Slots) * Lanes, pinned: true);
        R = (ulong*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(registers, 0);
        Local = GC.AllocateArray<byte>(program.LocalBytes * Lanes, pinned: true);
        Copies = new AsyncCopies(this);
    }

    public Group Group { get; }

    public int Index { get; }

    /// <summary>The registers: [slot, lane].</summary>
    public ulong* R { get; }

    /// <summary>Local memory: [lane, byte].</summary>
    public byte[] Local { get; }

    public AsyncCopies Copies { get; }

    /// <summary>The instruction in work.</summary>
    public int Place { get; private set; }

    /// <summary>Counts the barriers of this warp alone.</summary>
    public int Epoch { get; set; }

    /// <summary>Threads that have not ended.</summary>
    public int Alive => BitOperations.PopCount(live);

    public bool IsAtBarrier => live != 0 && waiting == live;

    public string Text => program.Code[Place].Text;

    /// <summary>Joins a group. Registers hold garbage, so that no program relies on zeros.</summary>
    public void Begin(int threads)
    {
        live = threads >= Lanes ? uint.MaxValue : (1u << threads) - 1;
        waiting = 0;
        steps = 0;
        Array.Clear(places);
        Array.Fill(registers, ulong.MaxValue);
        Copies.Clear();
        foreach (var (slot, value) in program.Constants)
            for (int lane = 0; lane < Lanes; lane++) R[slot + lane] = value;
        foreach (var (slot, name) in program.Specials)
            for (int lane = 0; lane < Lanes; lane++) R[slot + lane] = (uint)SpecialRegisters.Value(name, Group, Index * Lanes + lane);
    }

    /// <summary>Runs until all threads have ended or wait at a barrier of the group.</summary>
    public void Run()
    {
        while (live != 0)
        {
            uint ready = live & ~waiting;
            if (ready != 0) RunEarliest(ready);
            else if (!RunTogether()) return;
        }
    }

    /// <summary>The group's barrier opens.</summary>
    public void Pass()
    {
        waiting = 0;
        for (uint m = live; m != 0; m &= m - 1) places[BitOperations.TrailingZeroCount(m)]++;
    }

    public PtxException Fault(PtxFault fault, int lane, string what) =>
        new(fault, $"{what}, thread {Index * Lanes + lane} of group ({Group.X}, {Group.Y}, {Group.Z}), at \"{Text}\"");

    private PtxException Fault(PtxFault fault, uint lanes, string what) => Fault(fault, BitOperations.TrailingZeroCount(lanes), what);

    /// <summary>Runs the lanes at the earliest place until they diverge, wait, end or reach other lanes.</summary>
    private void RunEarliest(uint ready)
    {
        int place = int.MaxValue, next = int.MaxValue;
        uint lanes = 0;
        for (uint m = ready; m != 0; m &= m - 1)
        {
            int at = places[BitOperations.TrailingZeroCount(m)];
            if (at < place) (next, place, lanes) = (place, at, m & (uint)-(int)m);
            else if (at == place) lanes |= m & (uint)-(int)m;
            else if (at < next) next = at;
        }

        place = RunUntil(place, next, ref lanes);
        for (uint m = lanes; m != 0; m &= m - 1) places[BitOperations.TrailingZeroCount(m)] = place;
    }

    private int RunUntil(int place, int next, ref uint lanes)
    {
        do
        {
            PtxInstruction instruction = program.Code[Place = place];
            uint active = instruction.Guard < 0 ? lanes : Guarded(instruction, lanes);
            if (++steps > Group.Launch.MostSteps) throw Fault(PtxFault.Endless, lanes, $"{steps} instructions");
            if (active != 0 && instruction.Flow is (FlowKind.Barrier or FlowKind.WarpWide))
            {
                if (active != lanes) throw Fault(PtxFault.PartialWarp, lanes & ~active, "a predicate keeps threads from where all must be");
                waiting |= lanes;
                return place;
            }

            Group.Count(place, 1, BitOperations.PopCount(active));
            place++;
            if (active == 0) continue;
            switch (instruction.Flow)
            {
                case FlowKind.Plain:
                    instruction.Execute!(this, active);
                    break;
                case FlowKind.Branch when active == lanes:
                    place = instruction.Targets[0];
                    break;
                case FlowKind.Branch or FlowKind.BranchIndexed:
                    Send(instruction, active);
                    lanes &= ~active;
                    return place;
                case FlowKind.Exit:
                    live &= ~active;
                    lanes &= ~active;
                    break;
            }
        }
        while (lanes != 0 && place < next);
        return place;
    }

    /// <summary>To the label, or to that of each lane's index.</summary>
    private void Send(PtxInstruction instruction, uint active)
    {
        for (uint m = active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            ulong index = instruction.Flow == FlowKind.Branch ? 0 : R[instruction.Index + lane];
            if (index >= (ulong)instruction.Targets.Length)
                throw Fault(PtxFault.OutOfBounds, lane, $"branch {index} of {instruction.Targets.Length}");
            places[lane] = instruction.Targets[(int)index];
        }
    }

    private uint Guarded(PtxInstruction instruction, uint lanes)
    {
        uint active = 0;
        for (uint m = lanes; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            if ((R[instruction.Guard + lane] != 0) != instruction.IsNegated) active |= 1u << lane;
        }

        return active;
    }

    /// <summary>
    /// All lanes wait: at an instruction for the whole warp, which then runs; at a barrier of the group (false); or at different places.
    /// </summary>
    private bool RunTogether()
    {
        int first = BitOperations.TrailingZeroCount(live);
        Place = places[first];
        for (uint m = live; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            if (places[lane] != Place)
                throw Fault(PtxFault.Deadlock, first, $"other threads of the warp wait at \"{program.Code[places[lane]].Text}\"");
        }

        PtxInstruction instruction = program.Code[Place];
        if (instruction.Flow == FlowKind.Barrier) return false;
        if (live != uint.MaxValue) throw Fault(PtxFault.PartialWarp, first, $"{Alive} threads of 32 are there");
        Group.Count(Place, 1, Lanes);
        instruction.Execute!(this, live);
        Pass();
        return true;
    }
}
