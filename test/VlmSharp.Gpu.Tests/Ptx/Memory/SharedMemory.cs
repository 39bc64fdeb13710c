using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>
/// A group's shared memory, and who touched it last. Two accesses of different threads are ordered if a barrier of the group stands
/// between them, or if both are of one warp and a barrier of the warp does. Unordered ones, one of them writing, are a race, whatever is
/// written. Atomic ones do not race with each other.
/// </summary>
internal sealed unsafe class SharedMemory(int grain)
{
    private const int Several = -1;
    private byte[] bytes = [];
    private byte* start;
    private Cell[] cells = [];
    private int begun;

    /// <summary>Who touched <c>grain</c> bytes last.</summary>
    private struct Cell
    {
        public int WriteEpoch, WriteWarpEpoch, Writer;
        public int ReadEpoch, ReadWarpEpoch, Reader;
        public int CopyEpoch;
        public bool IsAtomic;
    }

    public int Length { get; private set; }

    /// <summary>Counts the barriers of the group.</summary>
    public int Epoch { get; set; }

    /// <summary>Starts a new group: nothing is written yet, and accesses of earlier epochs no longer count.</summary>
    public void Begin(int length, int epoch)
    {
        Length = length;
        Epoch = begun = epoch;
        if (bytes.Length < length)
        {
            bytes = GC.AllocateArray<byte>(length, pinned: true);
            start = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);
            cells = new Cell[(length + grain - 1) / grain];
        }

        Array.Fill(bytes, (byte)0xff, 0, length);
    }

    public byte* Read(Warp warp, int lane, ulong address, int size)
    {
        CheckAddress(warp, lane, address, size);
        int thread = warp.Index * Warp.Lanes + lane;
        for (int i = (int)address / grain, end = ((int)address + size - 1) / grain; i <= end; i++)
        {
            ref Cell cell = ref cells[i];
            CheckWritten(ref cell, warp, lane, address);
            if (!IsWriteOrdered(ref cell, warp, thread)) throw Race(ref cell, warp, lane, address, "reads");
            NoteReader(ref cell, warp, thread);
        }

        return start + address;
    }

    public byte* Write(Warp warp, int lane, ulong address, int size)
    {
        CheckAddress(warp, lane, address, size);
        int thread = warp.Index * Warp.Lanes + lane;
        for (int i = (int)address / grain, end = ((int)address + size - 1) / grain; i <= end; i++)
        {
            ref Cell cell = ref cells[i];
            CheckNotPending(ref cell, warp, lane, address);
            if (!IsWriteOrdered(ref cell, warp, thread) || !IsReadOrdered(ref cell, warp, thread))
                throw Race(ref cell, warp, lane, address, "writes");
            NoteWriter(ref cell, warp, thread, false);
        }

        return start + address;
    }

    public byte* Atomic(Warp warp, int lane, ulong address, int size)
    {
        CheckAddress(warp, lane, address, size);
        int thread = warp.Index * Warp.Lanes + lane;
        for (int i = (int)address / grain, end = ((int)address + size - 1) / grain; i <= end; i++)
        {
            ref Cell cell = ref cells[i];
            CheckWritten(ref cell, warp, lane, address);
            bool isOrdered = cell.IsAtomic || IsWriteOrdered(ref cell, warp, thread);
            if (!isOrdered || !IsReadOrdered(ref cell, warp, thread)) throw Race(ref cell, warp, lane, address, "changes");
            NoteWriter(ref cell, warp, thread, true);
        }

        return start + address;
    }

    /// <summary>
    /// Starts an asynchronous copy: it may write at any time, so its target may not be touched until it has arrived.
    /// </summary>
    public void BeginCopy(Warp warp, int lane, ulong address, int size)
    {
        Write(warp, lane, address, size);
        for (int i = (int)address / grain, end = ((int)address + size - 1) / grain; i <= end; i++) cells[i].CopyEpoch = begun;
    }

    /// <summary>Completes the copy, as a write of the thread that waited for it.</summary>
    public byte* EndCopy(Warp warp, int lane, ulong address, int size)
    {
        for (int i = (int)address / grain, end = ((int)address + size - 1) / grain; i <= end; i++)
        {
            cells[i].CopyEpoch = 0;
            NoteWriter(ref cells[i], warp, warp.Index * Warp.Lanes + lane, false);
        }

        return start + address;
    }

    private void CheckAddress(Warp warp, int lane, ulong address, int size)
    {
        if (address + (ulong)size > (ulong)Length || address > (ulong)Length)
            throw warp.Fault(PtxFault.OutOfBounds, lane, $"shared memory has {Length} bytes, {size} wanted at {(long)address}");
        if ((address & (ulong)(size - 1)) != 0) throw warp.Fault(PtxFault.Misaligned, lane, $"{size} bytes of shared memory at {address}");
    }

    private void CheckNotPending(ref Cell cell, Warp warp, int lane, ulong address)
    {
        if (cell.CopyEpoch == begun)
            throw warp.Fault(PtxFault.TooEarly, lane, $"an asynchronous copy to shared byte {address} is not complete");
    }

    private void CheckWritten(ref Cell cell, Warp warp, int lane, ulong address)
    {
        CheckNotPending(ref cell, warp, lane, address);
        if (cell.WriteEpoch < begun) throw warp.Fault(PtxFault.Uninitialized, lane, $"nobody has written shared byte {address}");
    }

    private bool IsWriteOrdered(ref Cell cell, Warp warp, int thread) =>
        cell.WriteEpoch != Epoch || cell.Writer == thread || (cell.Writer / Warp.Lanes == warp.Index && cell.WriteWarpEpoch != warp.Epoch);

    private bool IsReadOrdered(ref Cell cell, Warp warp, int thread) =>
        cell.ReadEpoch != Epoch || cell.Reader == thread
        || (cell.Reader != Several && ReaderWarp(ref cell) == warp.Index && cell.ReadWarpEpoch != warp.Epoch);

    /// <summary>Several threads of one warp are noted as -2 - warp.</summary>
    private static int ReaderWarp(ref Cell cell) => cell.Reader < Several ? -2 - cell.Reader : cell.Reader / Warp.Lanes;

    private void NoteReader(ref Cell cell, Warp warp, int thread)
    {
        bool isOnly = cell.ReadEpoch != Epoch || cell.Reader == thread;
        if (isOnly) cell.Reader = thread;
        else if (cell.Reader == Several) return;
        else if (ReaderWarp(ref cell) != warp.Index) cell.Reader = Several;
        else cell.Reader = cell.ReadWarpEpoch == warp.Epoch ? -2 - warp.Index : thread; // earlier readers of the warp are ordered by now
        cell.ReadEpoch = Epoch;
        cell.ReadWarpEpoch = warp.Epoch;
    }

    private void NoteWriter(ref Cell cell, Warp warp, int thread, bool isAtomic)
    {
        cell.WriteEpoch = Epoch;
        cell.WriteWarpEpoch = warp.Epoch;
        cell.Writer = thread;
        cell.IsAtomic = isAtomic;
    }

    private PtxException Race(ref Cell cell, Warp warp, int lane, ulong address, string does)
    {
        string others = cell.ReadEpoch != Epoch ? "" : cell.Reader switch
        {
            Several => ", several warps read it",
            < Several => $", several threads of warp {ReaderWarp(ref cell)} read it",
            _ => $", thread {cell.Reader} read it",
        };
        if (cell.WriteEpoch == Epoch) others += $", thread {cell.Writer} wrote it";
        return warp.Fault(PtxFault.SharedRace, lane, $"{does} shared byte {address}{others}, with no barrier between");
    }
}
