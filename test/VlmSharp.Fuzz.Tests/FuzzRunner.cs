using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace VlmSharp.Fuzz.Tests;

/// <summary>The result of the mutations of a format.</summary>
internal sealed record FuzzTally(
    string Format, long Mutations, long Rejected, long Accepted, IReadOnlyList<string> Faults, long MostAllocated, TimeSpan Longest)
{
    public override string ToString() =>
        $"{Format,-18} {Mutations,9} mutations {Rejected,9} rejected {Accepted,9} accepted {Faults.Count,3} crashed   most allocated "
            + $"{MostAllocated / 1024.0,9:N0} KiB   longest {Longest.TotalMilliseconds,7:N1} ms";
}

/// <summary>Tries one mutation after another, and reports how to repeat one that fails.</summary>
internal sealed class FuzzRunner(FuzzTarget target, FuzzSettings settings)
{
    /// <summary>The stack of a thread: about as large as that of a server thread.</summary>
    private const int StackBytes = 1 << 20;

    /// <summary>The longest message: one sentence.</summary>
    private const int LongestMessage = 1200, MostFaults = 20;

    private readonly List<string> faults = [];
    private readonly string reports = Path.Combine(Path.GetTempPath(), "vlmsharp-fuzz");
    private long mutations, rejected, accepted, mostAllocated;
    private long current, started;
    private TimeSpan longest;

    /// <summary>Runs until the limits of the settings, on a watched thread.</summary>
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
        // Survives a process that dies of a stack overflow or a bad address: it holds the number of the failing input.
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
        if (fault is null && allocated > most)
            fault = $"it allocated {allocated} bytes, over the {most} allowed for an input of {bytes.Length}";
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        longest = time > longest ? time : longest;
        mostAllocated = Math.Max(mostAllocated, allocated);
        mutations++;
        if (fault is not null) Report(iteration, fault);
        else if (ok) accepted++;
        else rejected++;
    }

    /// <summary>The fault of a message, or null. Messages are shown on terminals and written to logs.</summary>
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
                + $"  The bytes are in {path}. Again: {FuzzSettings.CaseVariable}={target.Name}:{iteration} "
                + "dotnet test test/VlmSharp.Fuzz.Tests -c Release");
        }
    }
}
