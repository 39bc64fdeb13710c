using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Tests.Threading;

public sealed unsafe class ThreadTeamTests
{
    private struct CountJob : IJob
    {
        public int* Counts;
        public int* Total;

        public readonly void Execute(int item, int worker)
        {
            Counts[item]++;
            Interlocked.Increment(ref *Total);
        }
    }

    private struct FailingJob : IJob
    {
        public int Failing;
        public int* Done;

        public readonly void Execute(int item, int worker)
        {
            if (item == Failing) throw new InvalidTimeZoneException($"item {item}");
            Interlocked.Increment(ref *Done);
        }
    }

    private struct NestedJob : IJob
    {
        public ThreadTeam Team;

        public readonly void Execute(int item, int worker) => Team.Run(new CountJob(), 5);
    }

    private struct MeetJob : IJob
    {
        public Barrier Barrier;

        public readonly void Execute(int item, int worker) => Assert.True(Barrier.SignalAndWait(TimeSpan.FromSeconds(30)));
    }

    private struct WorkerJob : IJob
    {
        public int* Busy;

        public readonly void Execute(int item, int worker)
        {
            if (Interlocked.Exchange(ref Busy[worker], 1) != 0) throw new InvalidOperationException("two threads share a worker's number");
            Thread.SpinWait(50);
            Volatile.Write(ref Busy[worker], 0);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(9)]
    public void EachItemOnce(int threads)
    {
        using var team = new ThreadTeam(threads);
        int* counts = stackalloc int[1000];
        for (int run = 0; run < 500; run++)
        {
            int items = run * 7 % 1000, total = 0;
            new Span<int>(counts, 1000).Clear();
            team.Run(new CountJob { Counts = counts, Total = &total }, items);
            Assert.Equal(items, total);
            for (int i = 0; i < 1000; i++) Assert.Equal(i < items ? 1 : 0, counts[i]);
        }
    }

    /// <summary>Many tiny jobs with pauses between, so that workers are found spinning, falling asleep and asleep.</summary>
    [Fact]
    public void SleepersWakeUp()
    {
        using var team = new ThreadTeam(4);
        int* counts = stackalloc int[8];
        for (int run = 0; run < 60; run++)
        {
            int total = 0;
            team.Run(new CountJob { Counts = counts, Total = &total }, 8);
            Assert.Equal(8, total);
            if (run % 3 == 0) Thread.Sleep(run % 5);
        }
    }

    /// <summary>Items that wait for each other end only if as many threads run at the same time.</summary>
    [Fact]
    public void ThreadsWorkTogether()
    {
        using var team = new ThreadTeam(3);
        using var barrier = new Barrier(3);
        for (int run = 0; run < 5; run++) team.Run(new MeetJob { Barrier = barrier }, 3);
    }

    [Fact]
    public void WorkerNumbersAreExclusive()
    {
        using var team = new ThreadTeam(4);
        int* busy = stackalloc int[4];
        new Span<int>(busy, 4).Clear();
        for (int run = 0; run < 100; run++) team.Run(new WorkerJob { Busy = busy }, 64);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 0)]
    [InlineData(4, 99)]
    public void ExceptionsReachTheCaller(int threads, int failing)
    {
        using var team = new ThreadTeam(threads);
        for (int run = 0; run < 20; run++)
        {
            int done = 0;
            var thrown = Assert.Throws<InvalidTimeZoneException>(() => Fail(team, failing));
            Assert.Equal($"item {failing}", thrown.Message);
            team.Run(new FailingJob { Failing = -1, Done = &done }, 100);
            Assert.Equal(100, done); // the team still works
        }

        static void Fail(ThreadTeam team, int failing)
        {
            int done = 0;
            team.Run(new FailingJob { Failing = failing, Done = &done }, 100);
        }
    }

    [Fact]
    public void JobsDoNotNest()
    {
        using var team = new ThreadTeam(2);
        Assert.Throws<InvalidOperationException>(() => team.Run(new NestedJob { Team = team }, 4));
    }

    [Fact]
    public void DisposedTeamRefuses()
    {
        var team = new ThreadTeam(2);
        team.Dispose();
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(new CountJob(), 5));
    }
}
