using System.Globalization;

namespace VlmSharp.Cli.Diagnosis;

/// <summary>The machine's memory and its limit in a container or job, from Linux's files; elsewhere from the runtime.</summary>
/// <param name="files">The folder used as /, for tests.</param>
internal sealed class MachineMemory(string files = "/")
{
    private const int MostLevels = 64;

    /// <summary>Total memory in bytes.</summary>
    public long Total => Line("MemTotal:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes that are free or can be freed; null if unknown.</summary>
    public long? Available => Line("MemAvailable:");

    /// <summary>The smallest limit of this process's control groups, in bytes; null without any.</summary>
    public long? Limit
    {
        get
        {
            string groups = At("proc/self/cgroup");
            if (!File.Exists(groups)) return null;
            long? least = null;
            foreach (string[] parts in File.ReadLines(groups).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
            {
                // "0::/a/b" is version 2; "4:memory:/a/b" is version 1. In a container the path may be the host's; then the root's limit
                // applies.
                (string root, string file) = parts[1] switch
                {
                    "" => ("sys/fs/cgroup", "memory.max"),
                    var names when names.Split(',').Contains("memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                    _ => ("", ""),
                };
                if (root.Length == 0) continue;
                string path = parts[2].Trim('/');
                for (int level = 0; level < MostLevels; level++, path = Path.GetDirectoryName(path) ?? "")
                {
                    if (Number(Path.Combine(At(root), path, file)) is { } limit && limit < Total && !(limit >= least)) least = limit;
                    if (path.Length == 0) break;
                }
            }

            return least;
        }
    }

    private string At(string path) => Path.Combine(files, path);

    private long? Line(string name)
    {
        string path = At("proc/meminfo");
        if (!File.Exists(path)) return null;
        string? line = File.ReadLines(path).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kib, ..]
            && long.TryParse(kib, CultureInfo.InvariantCulture, out long value)
            ? value << 10
            : null;
    }

    private static long? Number(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture, out long value)
            ? value
            : null; // "max" means no limit
}
