using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Tests.Threading;

/// <summary>
/// The bytes that each thread of a team has allocated on the managed heap, the caller's first. Other threads do not count.
/// </summary>
internal sealed unsafe class TeamAllocations(ThreadTeam team)
{
    private readonly long[] before = new long[team.Count], now = new long[team.Count];

    /// <summary>Starts to count.</summary>
    public void Start() => Read(before);

    /// <summary>Fails unless no thread has allocated anything since <see cref="Start"/>.</summary>
    public void AssertNone()
    {
        Read(now);
        for (int i = 0; i < now.Length; i++)
            Assert.True(now[i] == before[i], $"Thread {i} of {now.Length} has allocated {now[i] - before[i]} bytes.");
    }

    private void Read(long[] bytes)
    {
        int arrived = 0;
        fixed (long* b = bytes) team.Run(new Count { Bytes = b, Arrived = &arrived, Threads = team.Count }, team.Count);
    }

    // Each item waits for the others, so that each thread runs one.
    private struct Count : IJob
    {
        public long* Bytes;
        public int* Arrived;
        public int Threads;

        public readonly void Execute(int item, int worker)
        {
            Bytes[worker] = GC.GetAllocatedBytesForCurrentThread();
            Interlocked.Increment(ref *Arrived);
            while (Volatile.Read(ref *Arrived) < Threads) Thread.Yield();
        }
    }
}
