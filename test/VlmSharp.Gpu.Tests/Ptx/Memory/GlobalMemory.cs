using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>Memory that a launch may touch.</summary>
internal readonly record struct MemoryRange(ulong Start, ulong Length)
{
    public ulong End => Start + Length;
}

/// <summary>
/// The global memory of one launch: native addresses, each access checked against the ranges, and who touched it. Groups are never
/// ordered; threads of one group are ordered by its barriers. Unordered accesses race if one writes, except that two may write the same
/// value, and atomic ones do not race with each other.
/// </summary>
internal sealed unsafe class GlobalMemory
{
    private readonly MemoryRange[] ranges, regions;
    private readonly int[] firstCells;
    private readonly GlobalShadow? shadow;
    private readonly int grain;
    private readonly long launch;
    private readonly Lock writing = new();

    public GlobalMemory(MemoryRange[] ranges, GlobalShadow? shadow, int grain)
    {
        this.ranges = [.. ranges.Where(r => r.Length > 0)];
        this.shadow = shadow;
        this.grain = grain;
        regions = Merge(this.ranges);
        firstCells = new int[regions.Length];
        int cells = 0;
        for (int i = 0; i < regions.Length; i++)
        {
            firstCells[i] = cells;
            cells = checked(cells + (int)(CellNumber(regions[i].End - 1) - CellNumber(regions[i].Start) + 1));
        }

        if (shadow is not null) launch = shadow.Begin(cells);
    }

    /// <summary>Held while writing, so that the comparison sees the old value.</summary>
    public Lock Writing => writing;

    public byte* Read(Warp warp, int lane, ulong address, int size)
    {
        CheckAlignment(warp, lane, address, size);
        return ReadPart(warp, lane, address, size);
    }

    /// <summary>Reads any number of bytes, anywhere.</summary>
    public byte* ReadPart(Warp warp, int lane, ulong address, int size)
    {
        CheckRange(warp, lane, address, size);
        if (shadow is null) return (byte*)address;
        long me = Me(warp, lane);
        foreach (ref GlobalCell cell in Cells(address, size))
        {
            // A read is published before the writer is looked up, and a write the other way round, so one of two threads sees the other.
            cell.NoteReader(me, warp.Group.Epoch);
            if (!cell.IsWriteOrdered(me, warp.Group.Epoch)) throw Race(warp, lane, address, "reads", cell);
        }

        return (byte*)address;
    }

    /// <summary>Writes one element, of at most 8 bytes.</summary>
    public void Write(Warp warp, int lane, ulong address, int size, ulong value)
    {
        CheckAddress(warp, lane, address, size);
        bool isSame = Elements.Load((byte*)address, size) == (size == 8 ? value : value & ((1ul << (size * 8)) - 1));
        Elements.Store((byte*)address, size, value);
        if (shadow is null) return;
        long me = Me(warp, lane);
        foreach (ref GlobalCell cell in Cells(address, size))
        {
            if (!isSame && !cell.IsWriteOrdered(me, warp.Group.Epoch)) throw Race(warp, lane, address, "writes", cell);
            cell.NoteWriter(me, warp.Group.Epoch);
            if (!cell.IsReadOrdered(me, warp.Group.Epoch)) throw Race(warp, lane, address, "writes", cell);
        }
    }

    public byte* Atomic(Warp warp, int lane, ulong address, int size)
    {
        CheckAddress(warp, lane, address, size);
        if (shadow is null) return (byte*)address;
        long me = Me(warp, lane);
        foreach (ref GlobalCell cell in Cells(address, size))
        {
            if (!cell.IsAtomicOf(me) && !cell.IsWriteOrdered(me, warp.Group.Epoch)) throw Race(warp, lane, address, "changes", cell);
            cell.NoteWriter(me | GlobalCell.AtomicBit, warp.Group.Epoch);
            if (!cell.IsReadOrdered(me, warp.Group.Epoch)) throw Race(warp, lane, address, "changes", cell);
        }

        return (byte*)address;
    }

    /// <summary>A vector is aligned as a whole, and lies in one range.</summary>
    public void CheckAddress(Warp warp, int lane, ulong address, int size)
    {
        CheckAlignment(warp, lane, address, size);
        CheckRange(warp, lane, address, size);
    }

    public void CheckAlignment(Warp warp, int lane, ulong address, int size)
    {
        if ((address & (ulong)(size - 1)) != 0)
            throw warp.Fault(PtxFault.Misaligned, lane, $"{size} bytes of global memory at {Describe(address)}");
    }

    /// <summary>
    /// A number for the sector that an address lies in. Sectors are counted from the start of the memory: a card's buffers begin with one,
    /// the host's need not.
    /// </summary>
    public ulong SectorOf(ulong address)
    {
        int i = 0;
        while (address - regions[i].Start >= regions[i].Length) i++;
        return ((ulong)i << 48) | ((address - regions[i].Start) / Sectors.Bytes);
    }

    private void CheckRange(Warp warp, int lane, ulong address, int size)
    {
        foreach (ref readonly MemoryRange range in ranges.AsSpan())
            if (address - range.Start < range.Length && address - range.Start + (ulong)size <= range.Length) return;
        throw warp.Fault(PtxFault.OutOfBounds, lane, $"{size} bytes of global memory at {Describe(address)}");
    }

    private long Me(Warp warp, int lane) => launch | ((long)warp.Group.Number << 11) | (uint)(warp.Index * Warp.Lanes + lane);

    private Span<GlobalCell> Cells(ulong address, int size)
    {
        for (int i = 0; ; i++)
            if (address - regions[i].Start < regions[i].Length)
            {
                ulong first = CellNumber(address), last = CellNumber(address + (ulong)size - 1);
                return shadow!.Cells.AsSpan(firstCells[i] + (int)(first - CellNumber(regions[i].Start)), (int)(last - first) + 1);
            }
    }

    private ulong CellNumber(ulong address) => address / (ulong)grain;

    private PtxException Race(Warp warp, int lane, ulong address, string does, GlobalCell cell) =>
        warp.Fault(PtxFault.GlobalRace, lane, $"{does} global memory at {Describe(address)}; {cell.Describe()}, unordered");

    /// <summary>The place as an offset in the nearest range that starts before it.</summary>
    private string Describe(ulong address)
    {
        int best = -1;
        for (int i = 0; i < ranges.Length; i++)
            if (ranges[i].Start <= address && (best < 0 || ranges[i].Start > ranges[best].Start)) best = i;
        return best < 0 ? $"0x{address:x}" : $"byte {address - ranges[best].Start} of range {best}, which has {ranges[best].Length}";
    }

    /// <summary>Ranges that overlap share their cells.</summary>
    private static MemoryRange[] Merge(MemoryRange[] ranges)
    {
        var merged = new List<MemoryRange>();
        foreach (MemoryRange range in ranges.OrderBy(r => r.Start))
        {
            if (merged.Count == 0 || range.Start > merged[^1].End) merged.Add(range);
            else merged[^1] = new(merged[^1].Start, Math.Max(merged[^1].End, range.End) - merged[^1].Start);
        }

        return [.. merged];
    }
}
