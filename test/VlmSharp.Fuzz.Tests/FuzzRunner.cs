using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace VlmSharp.Fuzz.Tests;

/// <summary>What became of a format's mutations.</summary>
internal sealed record FuzzTally(string Format, long Mutations, long Rejected, long Accepted, IReadOnlyList<string> Faults, long MostAllocated, TimeSpan Longest)
{
    public override string ToString() =>
        $"{Format,-18} {Mutations,9} mutations {Rejected,9} rejected {Accepted,9} accepted {Faults.Count,3} crashed   most allocated {MostAllocated / 1024.0,9:N0} KiB   longest {Longest.TotalMilliseconds,7:N1} ms";
}

/// <summary>Tries mutation after mutation, and says exactly how to try one again that goes wrong.</summary>
internal sealed class FuzzRunner(FuzzTarget target, FuzzSettings settings)
{
    /// <summary>A thread of a server has about as much.</summary>
    private const int StackBytes = 1 << 20;

    /// <summary>A message is one sentence.</summary>
    private const int LongestMessage = 1200, MostFaults = 20;

    private readonly List<string> faults = [];
    private readonly string reports = Path.Combine(Path.GetTempPath(), "vlmsharp-fuzz");
    private long mutations, rejected, accepted, mostAllocated;
    private long current, started;
    private TimeSpan longest;

    /// <summary>Runs until the settings' end, on a thread that is watched.</summary>
    public FuzzTally Run()
    {
        Directory.CreateDirectory(reports);
        target.Prepare();
        current = settings.First;
        started = Stopwatch.GetTimestamp();
        var thread = new Thread(RunAll, StackBytes) { IsBackground = true };
        thread.Start();
        while (!thread.Join(100))
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref started)) < FuzzSettings.Hang) continue;
            Report(Volatile.Read(ref current), $"it was not done after {FuzzSettings.Hang.TotalSeconds} s");
            break;
        }

        lock (faults) return new FuzzTally(target.Name, mutations, rejected, accepted, [.. faults], mostAllocated, longest);
    }

    private void RunAll()
    {
        // Outlives a process that ends at once, of a stack that overflows or an address that is none: the number in it is the culprit's.
        string journal = Path.Combine(reports, $"{target.Name}.last");
        using (MemoryMappedFile file = MemoryMappedFile.CreateFromFile(journal, FileMode.Create, null, sizeof(long)))
        using (MemoryMappedViewAccessor last = file.CreateViewAccessor())
        {
            long begin = Stopwatch.GetTimestamp();
            for (; mutations < settings.Iterations && faults.Count < MostFaults; current++)
            {
                if (mutations >= FuzzSettings.LeastIterations && Stopwatch.GetElapsedTime(begin) > settings.Time) break;
                last.Write(0, current);
                Volatile.Write(ref started, Stopwatch.GetTimestamp());
                TryOne(current);
            }
        }

        File.Delete(journal);
    }

    private void TryOne(long iteration)
    {
        (_, byte[] bytes) = target.Input(iteration);
        long start = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
        bool ok = false;
        string? fault = null;
        try
        {
            ok = target.Use(bytes);
        }
        catch (Exception e) when (e.GetType() == target.Rejection)
        {
            fault = WrongMessage(e.Message);
        }
        catch (Exception e)
        {
            fault = e.ToString();
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before, most = target.MostAllocation(bytes.Length);
        if (fault is null && allocated > most) fault = $"it allocated {allocated} bytes, over the {most} allowed for an input of {bytes.Length}";
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        longest = time > longest ? time : longest;
        mostAllocated = Math.Max(mostAllocated, allocated);
        mutations++;
        if (fault is not null) Report(iteration, fault);
        else if (ok) accepted++;
        else rejected++;
    }

    /// <summary>What is wrong with a message, or null: it is shown on terminals and written to logs.</summary>
    private static string? WrongMessage(string message) =>
        message.Any(char.IsControl) ? $"control characters in the message: {message}"
        : message.Length > LongestMessage ? $"a message of {message.Length} characters: {message[..300]}"
        : message.Length == 0 ? "an empty message"
        : null;

    private void Report(long iteration, string fault)
    {
        (string seed, byte[] bytes) = target.Input(iteration);
        string path = Path.Combine(reports, $"{target.Name}-{iteration}.bin");
        File.WriteAllBytes(path, bytes);
        lock (faults)
        {
            faults.Add($"{target.Name}, iteration {iteration} (a mutation of {seed}): {fault}\n"
                + $"  The bytes are in {path}. Again: {FuzzSettings.CaseVariable}={target.Name}:{iteration} dotnet test test/VlmSharp.Fuzz.Tests -c Release");
        }
    }
}
