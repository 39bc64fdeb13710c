using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Cli.Output;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// The results of a shard on disk. While the file grows, its name ends with <c>.partial</c>. Each record is one line that begins with its
/// index and is passed to the operating system in one write. If the process is killed, the file holds whole records and perhaps an
/// incomplete one, which <see cref="Open"/> cuts off. A complete file is flushed to disk and renamed, and <c>.done</c> stores the number of
/// records and their SHA-256.
/// </summary>
internal sealed class ShardFile : IRecordSink
{
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly FileStream stream, gate;
    private long lastSync = Stopwatch.GetTimestamp();

    private ShardFile(string path, FileStream stream, FileStream gate) => (this.path, this.stream, this.gate) = (path, stream, gate);

    /// <summary>Number of records written.</summary>
    public long Records { get; private set; }

    /// <summary>Number of error records among them.</summary>
    public long Errors { get; private set; }

    /// <summary>The name of the file while it grows.</summary>
    public static string PartialOf(string path) => path + ".partial";

    /// <summary>The name of the marker that is written when the file is complete.</summary>
    public static string DoneOf(string path) => path + ".done";

    /// <summary>Continues where an earlier process stopped, or creates the file.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="plan">Which shard.</param>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static ShardFile Open(string folder, ShardPlan plan)
    {
        string path = Path.Combine(folder, plan.FileName);
        FileStream gate = Lock(path);
        try
        {
            // The process was killed between the two steps of completion. Without its marker, the shard is not complete.
            if (File.Exists(path) && !File.Exists(DoneOf(path))) File.Move(path, PartialOf(path));
            var stream = new FileStream(PartialOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            var file = new ShardFile(path, stream, gate);
            file.Recover(plan);
            return file;
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    /// <summary>Keeps a second process out. The lock ends with the process, even if the process is killed.</summary>
    internal static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(
                path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(path + ".lock"))
        {
            throw new IOException($"{path} is in use, probably by another process that works on the same shard ({e.Message}).", e);
        }
    }

    /// <summary>Adds a record.</summary>
    /// <param name="line">The record without its line ending; begins with {"index":.</param>
    /// <param name="isError">Whether it is an error record.</param>
    public void Append(ReadOnlySpan<byte> line, bool isError)
    {
        byte[] whole = new byte[line.Length + 1];
        line.CopyTo(whole);
        whole[^1] = (byte)'\n';
        stream.Write(whole);
        Records++;
        if (isError) Errors++;
        if (Stopwatch.GetElapsedTime(lastSync) < SyncEvery) return;
        stream.Flush(flushToDisk: true); // in case the machine fails; a killed process loses nothing anyway
        lastSync = Stopwatch.GetTimestamp();
    }

    /// <summary>Gives the complete file its final name and writes its marker.</summary>
    public void Complete()
    {
        stream.Flush(flushToDisk: true);
        stream.Position = 0;
        byte[] hash = SHA256.HashData(stream);
        stream.Dispose();
        File.Move(PartialOf(path), path, overwrite: true);
        WriteMarker(path, Records, Errors, hash);
    }

    /// <summary>Writes the marker of a complete file.</summary>
    /// <param name="path">The marker's own path; an existing file is replaced.</param>
    /// <param name="records">Number of records.</param>
    /// <param name="errors">Number of error records.</param>
    /// <param name="hash">SHA-256 of the file.</param>
    internal static void WriteMarker(string path, long records, long errors, byte[] hash)
    {
        byte[] marker = JsonOutput.ToBytes(o =>
        {
            o.WriteStartObject();
            o.WriteNumber("records", records);
            o.WriteNumber("errors", errors);
            o.WriteString("sha256", Convert.ToHexStringLower(hash));
            o.WriteEndObject();
        });
        PartialFile.Write(DoneOf(path), stream => stream.Write(marker));
    }

    /// <summary>Counts the complete records, each with the expected index, and cuts off the rest of the file.</summary>
    private void Recover(ShardPlan plan)
    {
        long whole = 0;
        foreach (byte[] line in Lines(stream))
        {
            if (IndexOf(line) != plan.IndexOf(Records)) break;
            whole += line.Length + 1;
            Records++;
            if (IsError(line)) Errors++;
        }

        stream.SetLength(whole);
        stream.Position = whole;
    }

    /// <summary>The complete lines of a stream, without line endings.</summary>
    internal static IEnumerable<byte[]> Lines(Stream stream)
    {
        var line = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            for (int from = 0; from < count;)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', from, count - from);
                line.Write(buffer, from, (end < 0 ? count : end) - from);
                if (end < 0) break;
                yield return line.ToArray();
                line.SetLength(0);
                from = end + 1;
            }
        }
    }

    /// <summary>The index of a record, or -1 if the line is not a record.</summary>
    internal static long IndexOf(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> start = "{\"index\":"u8;
        return line.StartsWith(start) && line.EndsWith("}"u8) && Utf8Parser.TryParse(line[start.Length..], out long index, out _)
            ? index
            : -1;
    }

    /// <summary>Whether a record is an error record.</summary>
    internal static bool IsError(byte[] line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("error", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Closes the file and keeps its records.</summary>
    public void Dispose()
    {
        stream.Dispose();
        gate.Dispose();
    }
}
