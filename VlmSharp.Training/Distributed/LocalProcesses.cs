using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Training.Distributed;

/// <summary>
/// The processes of a group that run on this machine, by process id. A process that waits for one that has ended waits forever, and neither
/// MPI nor its launchers report that in time.
/// </summary>
internal sealed class LocalProcesses : IDisposable
{
    private readonly Process?[] others; // by rank; null of this process and of those elsewhere

    /// <summary>Tells the others of this process, and hears of them. A call of all processes.</summary>
    /// <param name="group">All processes of the training, on one machine or several.</param>
    public LocalProcesses(IProcessGroup group)
    {
        double machine = Machine();
        double[] told = new double[2 * group.Size]; // [size, 2]: machine and process of each rank; the others' are 0 until they are summed
        (told[2 * group.Rank], told[2 * group.Rank + 1]) = (machine, Environment.ProcessId);
        group.Sum(told.AsSpan());
        others = new Process?[group.Size];
        for (int rank = 0; rank < group.Size; rank++)
            if (rank != group.Rank && told[2 * rank] == machine) others[rank] = Find((int)told[2 * rank + 1]);
    }

    /// <summary>Whether one of them has ended.</summary>
    public bool HasLost => Array.Exists(others, HasEnded);

    /// <summary>Whether a process is known to have ended; false of one on another machine.</summary>
    public bool IsGone(int rank) => HasEnded(others[rank]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Process? process in others) process?.Dispose();
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null; // ended already: the next call to it fails by its time limit
        }
    }

    private static bool HasEnded(Process? process)
    {
        try
        {
            return process is { HasExited: true };
        }
        catch (Win32Exception)
        {
            return false; // not to be seen from here
        }
    }

    /// <summary>A 48-bit number shared by processes that see each other: it differs per boot and per container.</summary>
    private static double Machine()
    {
        string text = Environment.MachineName;
        if (OperatingSystem.IsLinux())
        {
            try
            {
                text = File.ReadAllText("/proc/sys/kernel/random/boot_id") + new FileInfo("/proc/self/ns/pid").LinkTarget;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Fall back to the name.
            }
        }

        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        long number = 0;
        for (int i = 0; i < 6; i++) number = (number << 8) | hash[i];
        return number;
    }
}
