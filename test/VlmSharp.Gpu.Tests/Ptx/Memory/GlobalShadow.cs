namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>
/// Who touched some bytes of global memory last: launch, group and thread in one number, so that it is read and written at once.
/// </summary>
internal struct GlobalCell
{
    /// <summary>Bits of a thread: launch (17), atomic (1), group (34 - 1 for "several"), thread (11).</summary>
    public const int LaunchShift = 46;

    public const long AtomicBit = 1L << 45;
    private const long SeveralGroups = 1L << 44, LaunchMask = -1L << LaunchShift, GroupMask = (1L << 44) - (1L << 11),
        ThreadMask = (1 << 11) - 1;
    private const long SeveralThreads = ThreadMask;
    private long writer, reader;
    private int writeEpoch, readEpoch;

    public readonly bool IsAtomicOf(long me) => (writer & AtomicBit) != 0 && IsOf(writer, me);

    public readonly bool IsWriteOrdered(long me, int epoch)
    {
        long who = Volatile.Read(in writer);
        return !IsOf(who, me) || (who & ~AtomicBit) == me || (IsSameGroup(who, me) && writeEpoch != epoch);
    }

    public readonly bool IsReadOrdered(long me, int epoch)
    {
        long who = Volatile.Read(in reader);
        return !IsOf(who, me) || who == me || (IsSameGroup(who, me) && readEpoch != epoch);
    }

    public void NoteReader(long me, int epoch)
    {
        while (true)
        {
            long who = Volatile.Read(in reader), now;
            if (!IsOf(who, me) || who == me) now = me;
            else if (!IsSameGroup(who, me)) now = (me & LaunchMask) | SeveralGroups;
            else now = readEpoch == epoch ? me | SeveralThreads : me;
            if (now == who || Interlocked.CompareExchange(ref reader, now, who) == who) break;
        }

        readEpoch = epoch;
    }

    public void NoteWriter(long me, int epoch)
    {
        Interlocked.Exchange(ref writer, me);
        writeEpoch = epoch;
    }

    public readonly string Describe()
    {
        string by = (reader & SeveralGroups) != 0 ? "several groups" : Name(reader);
        return (writer == 0 ? "never written" : "last written by " + Name(writer)) + (reader == 0 ? "" : ", last read by " + by);
    }

    private static string Name(long who) => $"thread {who & ThreadMask} of group {(who & GroupMask) >> 11}";

    private static bool IsOf(long who, long me) => (who & LaunchMask) == (me & LaunchMask);

    private static bool IsSameGroup(long who, long me) => (who & (GroupMask | SeveralGroups)) == (me & GroupMask);
}

/// <summary>
/// The cells for the memory of a launch. The next launch reuses them: the number of the launch distinguishes old from new.
/// </summary>
internal sealed class GlobalShadow
{
    private const int MostLaunches = 1 << (63 - GlobalCell.LaunchShift);
    private int launch;

    public GlobalCell[] Cells { get; private set; } = [];

    /// <summary>Cells for a launch; what marks them as its own.</summary>
    public long Begin(int count)
    {
        if (Cells.Length < count) Cells = new GlobalCell[count];
        if (++launch == MostLaunches)
        {
            Array.Clear(Cells);
            launch = 1;
        }

        return (long)launch << GlobalCell.LaunchShift;
    }
}
