using System.Diagnostics;

namespace VlmSharp.Server.Scheduling;

/// <summary>The recent rate of finished answers, used to compute the Retry-After time of a client.</summary>
internal sealed class ServiceRate
{
    private const int Kept = 64;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromMinutes(2);

    private readonly long[] ends = new long[Kept]; // a ring of Stopwatch's timestamps
    private long count;

    /// <summary>Answers ended.</summary>
    public void Count(int answers)
    {
        for (int i = 0; i < Math.Min(answers, Kept); i++) ends[count++ % Kept] = Stopwatch.GetTimestamp();
    }

    /// <summary>The time for a number of answers at the rate of the last minute: 1 s to 2 min, and 1 s if nothing was measured.</summary>
    public TimeSpan TimeFor(int answers)
    {
        int known = 0;
        TimeSpan since = TimeSpan.Zero; // until now: a server that stands still is slow
        while (known < Math.Min(count, Kept) && Stopwatch.GetElapsedTime(ends[(count - known - 1) % Kept]) is var age && age < Window)
            (known, since) = (known + 1, age);
        return known == 0
            ? TimeSpan.FromSeconds(1)
            : TimeSpan.FromSeconds(Math.Clamp(answers * since.TotalSeconds / known, 1, Longest.TotalSeconds));
    }
}
