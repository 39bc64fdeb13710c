using System.IO.Compression;
using System.Runtime.InteropServices;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Fuzz.Tests.Mutating;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Fuzz.Tests.Targets;

/// <summary>safetensors files of any content: the first and last byte of every tensor can be read, and its numbers.</summary>
internal sealed class SafetensorsTarget : FuzzTarget
{
    public override string Name => "safetensors";

    public override Type Rejection => typeof(ModelFormatException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => new SafetensorsMutator().Mutate;

    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (256 << 10);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        string path = Path.Combine(Folder, "seed.safetensors");
        SafetensorsWriter.Write(path, [
            TensorToWrite.FromFloats("layer.weight", DType.BF16, [2, 3], new float[6]),
            TensorToWrite.FromFloats("layer.bias", DType.F32, [3], new float[] { 1, 2, 3 }),
            TensorToWrite.FromFloats("empty", DType.F16, [0, 4], Array.Empty<float>()),
            TensorToWrite.FromIntegers("ids", [4], new long[] { 1, 2, 3, 4 }),
        ], new Dictionary<string, string> { ["format"] = "pt", ["note"] = "seed" });
        yield return new Seed("four tensors", File.ReadAllBytes(path));
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats("w", DType.F16, [2], new float[2])], new Dictionary<string, string>());
        yield return new Seed("one tensor", File.ReadAllBytes(path));
    }

    public override bool Use(byte[] bytes)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(bytes));
        foreach (SafetensorsEntry entry in file.Entries.Values)
        {
            ReadOnlySpan<byte> data = file.Bytes(entry);
            Assert.Equal(entry.ByteLength, data.Length);
            if (data.Length > 0) Touch.Bytes(data);
            if (entry.Type is SafetensorsType.F32 or SafetensorsType.BF16 or SafetensorsType.F16)
                Assert.Equal(entry.Elements, file.ReadFloats(entry.Name).Length);
            if (entry.Type is SafetensorsType.I64) Assert.Equal(entry.Elements, file.ReadIntegers(entry.Name).Length);
        }
        return true;
    }
}

/// <summary>The weights of a model: if the folder opens, every weight is complete to its last byte.</summary>
internal class CheckpointTarget : FuzzTarget
{
    public override string Name => "model.safetensors";

    public override Type Rejection => typeof(ModelFormatException);

    /// <summary>The file of the model that is damaged.</summary>
    protected virtual string File => "model.safetensors";

    protected override Func<byte[], Random, byte[], byte[]> Structured => new SafetensorsMutator().Mutate;

    public override long MostAllocation(int inputBytes) => 64L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        WriteModel(Folder);
        yield return new Seed(File, System.IO.File.ReadAllBytes(Path.Combine(Folder, File)));
    }

    protected virtual void WriteModel(string folder) => TinyModel.Write(folder);

    public override bool Use(byte[] bytes)
    {
        Write(bytes, File);
        using Checkpoint checkpoint = Checkpoint.Open(Folder);
        foreach (string name in checkpoint.Tensors.Keys)
        {
            WeightData weight = checkpoint.Weight(name);
            Touch.Weight(weight);
        }
        Assert.True(checkpoint.ParameterCounts.Total > 0);
        return true;
    }
}

/// <summary>
/// The weights of a quantized model: integers, one or two to a byte, with their scales; and the format of bitsandbytes.
/// </summary>
internal sealed class QuantizedTarget : CheckpointTarget
{
    public override string Name => "quantized";

    protected override IEnumerable<Seed> MakeSeeds()
    {
        foreach (DType format in new[] { DType.Nf4, DType.Int8, DType.Int4 })
        {
            TinyModel.WriteQuantized(Folder, format);
            yield return new Seed($"{format}", System.IO.File.ReadAllBytes(Path.Combine(Folder, File)));
        }
    }
}

/// <summary>The index of a sharded model.</summary>
internal sealed class IndexTarget : CheckpointTarget
{
    public override string Name => "index.json";

    protected override string File => "model.safetensors.index.json";

    protected override Func<byte[], Random, byte[], byte[]> Structured => MutateJson;

    protected override void WriteModel(string folder) => TinyModel.WriteShards(folder);
}

/// <summary>Archives of arrays, and the mask network's file.</summary>
internal sealed class NpzTarget : FuzzTarget
{
    public override string Name => "npz";

    public override Type Rejection => typeof(ModelFormatException);

    protected override Func<byte[], Random, byte[], byte[]> Structured => new ZipMutator().Mutate;

    // The platform's zip reader takes a few hundred bytes for each entry of 46 or more, and 100 kB to inflate each array.
    public override long MostAllocation(int inputBytes) => 32L * inputBytes + (1 << 20);

    protected override IEnumerable<Seed> MakeSeeds()
    {
        float[] numbers = [.. Enumerable.Range(0, 16).Select(i => (float)i)];
        byte[] bytes = MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
        byte[] eights = MaskGoldens.Npy("<f8", [3], bytes.AsSpan(0, 24));
        yield return new Seed("stored", Archive(CompressionLevel.NoCompression, MaskGoldens.Npy("<f4", [4, 4], bytes), eights));
        yield return new Seed(
            "deflated",
            Archive(
                CompressionLevel.Optimal,
                MaskGoldens.Npy("<f2", [4, 4], bytes.AsSpan(0, 32)),
                MaskGoldens.Npy("<f4", [3], bytes.AsSpan(0, 12))));
    }

    public override bool Use(byte[] bytes)
    {
        string path = Write(bytes);
        using (NpzFile file = NpzFile.Open(path))
        {
            Assert.Equal(16, file.ReadFloats("first", [4, 4]).Length);
            Assert.Equal(3, file.ReadFloats("second", [3]).Length);
        }
        Assert.Throws<ModelFormatException>(() => MaskDecoder.Load(path)); // the archive holds other arrays
        return true;
    }

    private static byte[] Archive(CompressionLevel level, byte[] first, byte[] second)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in ((string, byte[])[])[("first.npy", first), ("second.npy", second)])
            {
                using Stream entry = archive.CreateEntry(name, level).Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }
}

/// <summary>Reads memory at its ends, where a wrong length would show.</summary>
internal static class Touch
{
    private static int sink;

    public static void Bytes(ReadOnlySpan<byte> bytes) => Volatile.Write(ref sink, bytes[0] + bytes[^1]);

    /// <summary>The first and the last row, widened, which reads the ends of elements and scales.</summary>
    public static void Weight(WeightData weight)
    {
        float[] row = new float[weight.Columns];
        weight.Widen(0, row);
        weight.Widen(weight.Rows - 1, row);
        Volatile.Write(ref sink, row.Length);
    }
}
