using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Batch;

/// <summary>How far a shard is.</summary>
internal enum ShardState
{
    /// <summary>Nothing is written.</summary>
    Missing,

    /// <summary>It is being written, or was interrupted.</summary>
    Partial,

    /// <summary>All its records are there.</summary>
    Done,
}

/// <summary>A shard as <c>batch status</c> shows it.</summary>
/// <param name="Plan">Which one.</param>
/// <param name="State">How far it is.</param>
/// <param name="Records">Records so far.</param>
/// <param name="Errors">Error records, of a shard that is done.</param>
/// <param name="Sha256">Of its file, of a shard that is done.</param>
internal sealed record ShardStatus(ShardPlan Plan, ShardState State, long Records, long? Errors, string? Sha256);

/// <summary>An output folder seen as a whole: how far its shards are, and all their records in the order of the input.</summary>
internal sealed class RunFolder
{
    private const int MaxMarkerBytes = 1 << 16;

    private readonly string folder;

    /// <summary>Opens a folder that a batch has written to.</summary>
    /// <exception cref="UsageException">No batch has.</exception>
    public RunFolder(string folder)
    {
        this.folder = folder;
        RunSettings settings = RunSettings.Read(folder) ?? throw new UsageException($"{folder} holds no batch: {RunSettings.FileName} is not there; give the folder that was --out.");
        if (!long.TryParse(settings["items"], NumberStyles.None, CultureInfo.InvariantCulture, out long items)
            || !int.TryParse(settings["shards"], NumberStyles.None, CultureInfo.InvariantCulture, out int shards) || shards is < 1 or > ShardPlan.MaxShards)
            throw new UsageException($"{Path.Combine(folder, RunSettings.FileName)} does not tell items and shards; run the batch again with --force.");
        (Items, Shards, Skipped) = (items, shards, settings.Skipped);
    }

    /// <summary>Items of the whole run.</summary>
    public long Items { get; }

    /// <summary>Shards of the whole run.</summary>
    public int Shards { get; }

    /// <summary>How many files of its folders were not tried, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; }

    /// <summary>Every shard, in order.</summary>
    public IEnumerable<ShardStatus> Status() => Enumerable.Range(0, Shards).Select(i => StatusOf(folder, new ShardPlan(i, Shards)));

    /// <summary>How far a shard is.</summary>
    public static ShardStatus StatusOf(string folder, ShardPlan plan)
    {
        string path = Path.Combine(folder, plan.FileName), marker = ShardFile.DoneOf(path);
        if (File.Exists(marker)) return ReadMarker(marker, plan);
        string partial = File.Exists(ShardFile.PartialOf(path)) ? ShardFile.PartialOf(path) : path;
        if (!File.Exists(partial)) return new ShardStatus(plan, ShardState.Missing, 0, null, null);
        using FileStream stream = new(partial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        long records = 0;
        foreach (byte[] line in ShardFile.Lines(stream))
            if (ShardFile.IndexOf(line) == plan.IndexOf(records)) records++;
        return new ShardStatus(plan, ShardState.Partial, records, null, null);
    }

    private static ShardStatus ReadMarker(string marker, ShardPlan plan)
    {
        try
        {
            if (new FileInfo(marker).Length > MaxMarkerBytes) throw new InvalidOperationException("it is too large");
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(marker));
            JsonElement o = document.RootElement;
            return new ShardStatus(plan, ShardState.Done, o.GetProperty("records").GetInt64(), o.GetProperty("errors").GetInt64(), o.GetProperty("sha256").GetString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new IOException($"{marker} is damaged ({e.Message}); delete it and run the shard again, which keeps its records.", e);
        }
    }

    /// <summary>All records in the order of the input: one of each shard in turn.</summary>
    /// <returns>Their lines, without ends.</returns>
    /// <exception cref="UsageException">A shard is not done.</exception>
    /// <exception cref="IOException">A shard's file is not what its marker says.</exception>
    public IEnumerable<byte[]> Records()
    {
        ShardStatus[] shards = [.. Status()];
        if (shards.FirstOrDefault(s => s.State != ShardState.Done) is { } missing)
            throw new UsageException($"Shard {missing.Plan.Shard} of {Shards} is not done ({missing.Records} of {missing.Plan.CountOf(Items)} records): run it to its end first.");
        foreach (ShardStatus shard in shards) Verify(folder, shard);
        var files = shards.Select(s => File.OpenRead(Path.Combine(folder, s.Plan.FileName))).ToArray();
        try
        {
            IEnumerator<byte[]>[] lines = [.. files.Select(f => ShardFile.Lines(f).GetEnumerator())];
            for (long index = 0; index < Items; index++)
            {
                IEnumerator<byte[]> shard = lines[index % Shards];
                if (!shard.MoveNext() || ShardFile.IndexOf(shard.Current) != index) throw new IOException($"{files[index % Shards].Name} lacks record {index}; delete its .done file and run the shard again.");
                yield return shard.Current;
            }
        }
        finally
        {
            foreach (FileStream file in files) file.Dispose();
        }
    }

    /// <summary>Refuses a shard whose file is not what its marker says.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="shard">A shard that is done.</param>
    /// <exception cref="IOException">It was changed.</exception>
    internal static void Verify(string folder, ShardStatus shard)
    {
        string path = Path.Combine(folder, shard.Plan.FileName);
        using FileStream stream = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(stream)) != shard.Sha256)
            throw new IOException($"{path} was changed after it was done; delete its .done file and run the shard again.");
    }

    /// <summary>Deletes what batches write: for a run that starts over.</summary>
    public static void Clear(string folder)
    {
        foreach (string pattern in (string[])["shard-*-of-*.jsonl*", $"{LatencyLog.Prefix}*-of-*.jsonl"])
            foreach (string file in Directory.EnumerateFiles(folder, pattern)) File.Delete(file);
        File.Delete(Path.Combine(folder, RunSettings.FileName));
    }
}
