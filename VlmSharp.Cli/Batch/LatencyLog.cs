using System.Globalization;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// Latencies of items, in a file next to a shard's records: times differ between runs, records do not. A line is
/// <c>{"index": 7, "seconds": 0.31, "together": 8}</c>: the time that the model worked on the item's group, and the size of the group.
/// Times that an interrupted process did not write are missing.
/// </summary>
internal sealed class LatencyLog : IDisposable
{
    /// <summary>Prefix of the file names.</summary>
    public const string Prefix = "latency-";

    private readonly StreamWriter file;

    /// <summary>Opens the file of a shard and appends to what earlier processes wrote.</summary>
    public LatencyLog(string folder, ShardPlan plan)
    {
        string path = Path.Combine(folder, plan.FileName.Replace("shard-", Prefix, StringComparison.Ordinal));
        file = new StreamWriter(path, append: true, new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };
        file.WriteLine(); // an earlier process may have left an incomplete line
    }

    /// <summary>Adds the time of a record.</summary>
    public void Add(BatchRunner.Record record)
    {
        if (!record.IsError)
            file.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"index\":{record.Index},\"seconds\":{record.Group.Time.TotalSeconds:0.000000},\"together\":{record.Group.Items}}}"));
    }

    /// <summary>Adds the peak memory of this process.</summary>
    public void AddPeak(long bytes) => file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"peak_bytes\":{bytes}}}"));

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>The times of all shards in a folder by item index, and the peak memory of one process; 0 if unknown.</summary>
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
                    else times[o.GetProperty("index").GetInt64()] =
                        (o.GetProperty("seconds").GetDouble(), Math.Max(1, o.GetProperty("together").GetInt32()));
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
                {
                    // The line is incomplete because its process was killed: its item has no time.
                }
            }
        }

        return (times, peak);
    }
}
