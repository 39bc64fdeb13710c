using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Conformance;

/// <summary>
/// The weights of the mask network that the goldens were made with. They are computed from their names, so no file is needed.
/// </summary>
public static class MaskGoldens
{
    /// <summary>The cases of <c>masks.json</c>.</summary>
    public static JsonElement Cases { get; } = Read().GetProperty("cases");

    /// <summary>The codes of a case.</summary>
    public static int[] Codes(int index) => [.. Cases[index].GetProperty("codes").EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>Every tensor: name, shape, numbers.</summary>
    public static IReadOnlyList<(string Name, long[] Shape, float[] Values)> Weights { get; } =
    [
        .. Read().GetProperty("weights").EnumerateObject().Select(weight =>
        {
            long[] shape = [.. weight.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
            double offset = weight.Value.GetProperty("offset").GetDouble(), scale = weight.Value.GetProperty("scale").GetDouble();
            return (weight.Name, shape, SyntheticCheckpoint.Values(weight.Name, shape.Aggregate(1L, (n, d) => n * d), offset, scale));
        }),
    ];

    /// <summary>Writes the weights, each number times a factor, as a safetensors file.</summary>
    public static void WriteSafetensors(string path, float factor = 1) => SafetensorsWriter.Write(path, Weights.Select(w =>
        TensorToWrite.FromFloats(w.Name, DType.F32, [.. w.Shape], Array.ConvertAll(w.Values, value => factor * value))));

    /// <summary>Writes the weights as numpy.savez does.</summary>
    public static void WriteNpz(string path)
    {
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach ((string name, long[] shape, float[] values) in Weights)
        {
            using Stream stream = archive.CreateEntry($"{name}.npy", CompressionLevel.NoCompression).Open();
            stream.Write(Npy("<f4", shape, MemoryMarshal.AsBytes(values.AsSpan())));
        }
    }

    /// <summary>A <c>.npy</c> file, of format version 1.</summary>
    public static byte[] Npy(string type, long[] shape, ReadOnlySpan<byte> data)
    {
        string dimensions = string.Join(", ", shape) + (shape.Length == 1 ? "," : "");
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dimensions}), }}";
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n"; // the data begin at a multiple of 64
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. data];
    }

    private static JsonElement Read()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("masks", "masks.json")));
        return json.RootElement.Clone();
    }
}
