using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Batch;

/// <summary>Progress of a shard.</summary>
internal enum ShardState
{
    /// <summary>Nothing is written yet.</summary>
    Missing,

    /// <summary>It is being written, or its process was interrupted.</summary>
    Partial,

    /// <summary>All its records are written.</summary>
    Done,
}

/// <summary>A shard as <c>batch status</c> shows it.</summary>
/// <param name="Plan">Which shard.</param>
/// <param name="State">Its progress.</param>
/// <param name="Records">Number of records so far.</param>
/// <param name="Errors">Number of error records; null unless the shard is done.</param>
/// <param name="Sha256">SHA-256 of its file; null unless the shard is done.</param>
internal sealed record ShardStatus(ShardPlan Plan, ShardState State, long Records, long? Errors, string? Sha256);

/// <summary>A whole output folder: the progress of its shards, and all their records in the order of the input.</summary>
internal sealed class RunFolder
{
    private const int MaxMarkerBytes = 1 << 16;

    private readonly string folder;

    /// <summary>Opens a folder that a batch has written to.</summary>
    /// <exception cref="UsageException">No batch has written to the folder.</exception>
    public RunFolder(string folder)
    {
        this.folder = folder;
        RunSettings settings = RunSettings.Read(folder)
            ?? throw new UsageException(
                $"{folder} holds no batch: {RunSettings.FileName} is not there; give the folder that was --out.");
        if (!long.TryParse(settings["items"], NumberStyles.None, CultureInfo.InvariantCulture, out long items)
            || !int.TryParse(settings["shards"], NumberStyles.None, CultureInfo.InvariantCulture, out int shards)
            || shards is < 1 or > ShardPlan.MaxShards)
            throw new UsageException(
                $"{Path.Combine(folder, RunSettings.FileName)} does not tell items and shards; run the batch again with --force.");
        (Items, Shards, Skipped) = (items, shards, settings.Skipped);
    }

    /// <summary>Number of items of the whole run.</summary>
    public long Items { get; }

    /// <summary>Number of shards of the whole run.</summary>
    public int Shards { get; }

    /// <summary>Number of files in the input folders that were skipped, by kind.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; }

    /// <summary>The status of every shard, in order.</summary>
    public IEnumerable<ShardStatus> Status() => Enumerable.Range(0, Shards).Select(i => StatusOf(folder, new ShardPlan(i, Shards)));

    /// <summary>The status of one shard.</summary>
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
            return new ShardStatus(
                plan,
                ShardState.Done,
                o.GetProperty("records").GetInt64(),
                o.GetProperty("errors").GetInt64(),
                o.GetProperty("sha256").GetString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new IOException($"{marker} is damaged ({e.Message}); delete it and run the shard again, which keeps its records.", e);
        }
    }

    /// <summary>All records in the order of the input: one from each shard in turn.</summary>
    /// <returns>The records without line endings.</returns>
    /// <exception cref="UsageException">A shard is not done.</exception>
    /// <exception cref="IOException">A shard's file does not match its marker.</exception>
    public IEnumerable<byte[]> Records()
    {
        ShardStatus[] shards = [.. Status()];
        if (shards.FirstOrDefault(s => s.State != ShardState.Done) is { } missing)
            throw new UsageException(
                $"Shard {missing.Plan.Shard} of {Shards} is not done ({missing.Records} of {missing.Plan.CountOf(Items)} records): "
                + "run it to its end first.");
        foreach (ShardStatus shard in shards) Verify(folder, shard);
        ShardReader[] files = [.. shards.Select(s => new ShardReader(Path.Combine(folder, s.Plan.FileName)))];
        for (long index = 0; index < Items; index++)
        {
            ShardReader file = files[index % Shards];
            if (file.Next() is not { } record || ShardFile.IndexOf(record) != index)
                throw new IOException($"{file.Path} lacks record {index}; delete its .done file and run the shard again.");
            yield return record;
        }
    }

    /// <summary>Throws if a shard's file does not match its marker.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="shard">A shard that is done.</param>
    /// <exception cref="IOException">The file was changed.</exception>
    internal static void Verify(string folder, ShardStatus shard)
    {
        string path = Path.Combine(folder, shard.Plan.FileName);
        using FileStream stream = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(stream)) != shard.Sha256)
            throw new IOException($"{path} was changed after it was done; delete its .done file and run the shard again.");
    }

    /// <summary>Deletes the files of earlier batches, for a run that starts over.</summary>
    public static void Clear(string folder)
    {
        foreach (string pattern in (string[])["shard-*-of-*.jsonl*", $"{LatencyLog.Prefix}*-of-*.jsonl"])
            foreach (string file in Directory.EnumerateFiles(folder, pattern)) File.Delete(file);
        File.Delete(Path.Combine(folder, RunSettings.FileName));
    }
}
