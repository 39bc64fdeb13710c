using System.Globalization;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// How long items took, in a file beside a shard's records: times differ from run to run, and records do not. A line is
/// <c>{"index": 7, "seconds": 0.31, "together": 8}</c>: the model worked so long on the items that were generated together. What an
/// interrupted process did not write is missing.
/// </summary>
internal sealed class LatencyLog : IDisposable
{
    /// <summary>Begins the names of the files.</summary>
    public const string Prefix = "latency-";

    private readonly StreamWriter file;

    /// <summary>Opens the file of a shard, behind what earlier processes wrote.</summary>
    public LatencyLog(string folder, ShardPlan plan)
    {
        string path = Path.Combine(folder, plan.FileName.Replace("shard-", Prefix, StringComparison.Ordinal));
        file = new StreamWriter(path, append: true, new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };
        file.WriteLine(); // an earlier process may have died within a line
    }

    /// <summary>Adds a record's time.</summary>
    public void Add(BatchRunner.Record record)
    {
        if (!record.IsError)
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"index\":{record.Index},\"seconds\":{record.Group.Time.TotalSeconds:0.000000},\"together\":{record.Group.Items}}}"));
    }

    /// <summary>Adds the most memory that this process has had.</summary>
    public void AddPeak(long bytes) => file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"peak_bytes\":{bytes}}}"));

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>The times of all shards of a folder by index, and the most memory that one process had; 0 where none says.</summary>
    public static (IReadOnlyDictionary<long, (double Seconds, int Together)> Times, long PeakBytes) Read(string folder)
    {
        var times = new Dictionary<long, (double, int)>();
        long peak = 0;
        foreach (string path in Directory.EnumerateFiles(folder, $"{Prefix}*-of-*.jsonl").Order(StringComparer.Ordinal))
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            foreach (byte[] line in ShardFile.Lines(stream))
            {
                if (line.Length == 0) continue;
                try
                {
                    using JsonDocument document = JsonDocument.Parse(line);
                    JsonElement o = document.RootElement;
                    if (o.TryGetProperty("peak_bytes", out JsonElement bytes)) peak = Math.Max(peak, bytes.GetInt64());
                    else times[o.GetProperty("index").GetInt64()] = (o.GetProperty("seconds").GetDouble(), Math.Max(1, o.GetProperty("together").GetInt32()));
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
                {
                    // Torn by a kill: its item has no time.
                }
            }
        }

        return (times, peak);
    }
}
