using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using VlmSharp.Imaging;

namespace VlmSharp.Formats;

/// <summary>
/// Writes safetensors files. The bytes go to a temporary file in the same folder. It gets its final name when it is complete and on disk,
/// so a failure leaves the old file in place.
/// </summary>
internal static class SafetensorsWriter
{
    private const int LengthBytes = 8;

    /// <summary>The metadata that libraries require to read these files: the tensors have PyTorch's layout.</summary>
    private static readonly Dictionary<string, string> DefaultMetadata = new() { ["format"] = "pt" };

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one file.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="tensors">The tensors; their bytes are produced one tensor after another.</param>
    /// <param name="metadata">Free texts, or null for <c>format: pt</c>.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteAll([(path, stream => WriteFile(stream, [.. tensors], metadata ?? DefaultMetadata))]);
    }

    /// <summary>
    /// Writes a model into a folder: <c>model.safetensors</c>, or several shards and their index when one file would
    /// be larger than a limit.
    /// </summary>
    /// <param name="directory">The folder; it is created when it does not exist.</param>
    /// <param name="tensors">The tensors in the order in which they fill the shards.</param>
    /// <param name="maxShardBytes">The limit on the bytes of tensors per file; a larger tensor has a file of its own.</param>
    /// <param name="metadata">Free texts of every file, or null for <c>format: pt</c>.</param>
    /// <exception cref="IOException">The files cannot be written, or the folder holds a model in the other layout.</exception>
    public static void WriteModel(
        string directory,
        IEnumerable<TensorToWrite> tensors,
        long maxShardBytes = 5_000_000_000,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        List<List<TensorToWrite>> shards = Split(tensors, maxShardBytes);
        Directory.CreateDirectory(directory);
        // With both layouts side by side, a reader could not tell which one is the model.
        string other = shards.Count == 1 ? SafetensorsNames.Index : SafetensorsNames.Whole;
        if (File.Exists(Path.Combine(directory, other)))
            throw new IOException($"{directory} already holds {other}, of a model in another layout; write to an empty folder.");

        string Name(int shard) => shards.Count == 1 ? SafetensorsNames.Whole : SafetensorsNames.Shard(shard + 1, shards.Count);
        var files = shards
            .Select((shard, i) => (
                Path.Combine(directory, Name(i)),
                (Action<Stream>)(stream => WriteFile(stream, shard, metadata ?? DefaultMetadata))))
            .ToList();
        // The index is written last: with it the model is complete.
        if (shards.Count > 1)
            files.Add((Path.Combine(directory, SafetensorsNames.Index), stream => WriteIndex(stream, shards, Name)));
        WriteAll(files);
    }

    /// <summary>Tensors in the order in which their bytes are produced and written.</summary>
    public static IEnumerable<TensorToWrite> InFileOrder(IEnumerable<TensorToWrite> tensors) =>
        // Wide elements first: every tensor then begins at a multiple of its element size.
        tensors.OrderByDescending(tensor => tensor.Type.Size()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal);

    /// <summary>Writes every file under a temporary name, then renames all of them. Devices and pipes are written to directly.</summary>
    private static void WriteAll(IReadOnlyList<(string Path, Action<Stream> Write)> files)
    {
        var pending = new List<(string Temporary, string Path)>();
        try
        {
            foreach ((string path, Action<Stream> write) in files)
            {
                if (PartialFile.PlaceOf(path) is not { } place)
                {
                    PartialFile.WriteDirectly(path, write);
                    continue;
                }

                string temporary = $"{place}.{Path.GetRandomFileName()}.tmp";
                pending.Add((temporary, place));
                using FileStream stream = PartialFile.Create(temporary, place);
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            foreach ((string temporary, string path) in pending) File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            foreach ((string temporary, _) in pending) File.Delete(temporary);
            throw;
        }
    }

    private static void WriteFile(Stream stream, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        TensorToWrite[] ordered = [.. InFileOrder(tensors)];
        byte[] header = BuildHeader(ordered, metadata);
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorToWrite tensor in ordered) tensor.WriteTo(stream);
    }

    private static byte[] BuildHeader(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Compact))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            var names = new HashSet<string>(StringComparer.Ordinal);
            long offset = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"Two tensors are named '{tensor.Name}'.", nameof(tensors));
                WriteEntry(json, tensor, offset);
                offset = checked(offset + tensor.ByteLength);
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of 8, so that the data begins aligned.
        while (buffer.WrittenCount % LengthBytes != 0) buffer.Write(" "u8);
        return buffer.WrittenCount <= SafetensorsHeader.MostBytes
            ? buffer.WrittenSpan.ToArray()
            : throw new ArgumentException(
                $"A header of {buffer.WrittenCount} bytes is past the format's limit of {SafetensorsHeader.MostBytes}.", nameof(tensors));
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorToWrite tensor, long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type.HeaderName());
        json.WriteStartArray("shape");
        foreach (long dimension in tensor.Shape) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(checked(offset + tensor.ByteLength));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static List<List<TensorToWrite>> Split(IEnumerable<TensorToWrite> tensors, long maxShardBytes)
    {
        List<List<TensorToWrite>> shards = [[]];
        var names = new HashSet<string>(StringComparer.Ordinal);
        long filled = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"Two tensors are named '{tensor.Name}'.", nameof(tensors));
            if (shards[^1].Count > 0 && tensor.ByteLength > maxShardBytes - filled)
            {
                shards.Add([]);
                filled = 0;
            }
            shards[^1].Add(tensor);
            filled += tensor.ByteLength;
        }
        return shards;
    }

    private static void WriteIndex(Stream stream, List<List<TensorToWrite>> shards, Func<int, string> name)
    {
        using var json = new Utf8JsonWriter(stream, Compact with { Indented = true });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => tensor.ByteLength)));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        for (int i = 0; i < shards.Count; i++)
            foreach (TensorToWrite tensor in shards[i]) json.WriteString(tensor.Name, name(i));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
