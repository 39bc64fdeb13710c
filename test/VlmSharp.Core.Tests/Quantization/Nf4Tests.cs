using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Quantization;

/// <summary>Compares NF4 and double quantization with the bytes of bitsandbytes.</summary>
public sealed class Nf4Tests : IDisposable
{
    private readonly TemporaryFolder scratch = new();
    private readonly JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", "nf4.json")));

    public void Dispose()
    {
        golden.Dispose();
        scratch.Dispose();
    }

    private JsonElement Vectors(string name) => golden.RootElement.GetProperty("vectors").GetProperty(name);

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetSingle())];

    [Fact]
    public unsafe void Blocks_have_the_bytes_of_bitsandbytes()
    {
        JsonElement nf4 = Vectors("nf4");
        Assert.Equal(Floats(nf4.GetProperty("codebook")), Nf4.Code.ToArray());
        float[] x = [.. Enumerable.Range(0, 128).Select(i => (float)(((i * 37 + 11) % 101 - 50) / 50.0 * (1 + i / 64)))];
        byte[] elements = new byte[64];
        float[] scales = new float[2];
        fixed (byte* e = elements)
        fixed (float* s = scales)
        {
            Assert.True(Nf4Quantizer.Quantize(x, e, s));
            Assert.Equal(nf4.GetProperty("packed_hex").GetString(), Convert.ToHexStringLower(elements));
            Assert.Equal(Floats(nf4.GetProperty("absmax")), scales);
            var data = new WeightData("x", DType.Nf4, 1, 128, (nint)e, this, (nint)s);
            float[] wide = new float[128];
            data.Widen(0, wide);
            Assert.Equal(Floats(nf4.GetProperty("dequant_first16")), wide[..16]);
        }
    }

    [Fact]
    public void Scales_have_the_bytes_of_bitsandbytes()
    {
        JsonElement expected = Vectors("double_quant");
        float[] scales = [.. Enumerable.Range(0, 300).Select(i => (float)(0.5 + 0.001 * (i * 53 % 211)))], restored = new float[300];
        DoubleQuantization made = DoubleQuantization.Of(scales);
        Assert.Equal(expected.GetProperty("codes").EnumerateArray().Select(e => e.GetByte()), made.Codes);
        Assert.Equal(expected.GetProperty("offset").GetSingle(), made.Offset);
        Assert.Equal(Floats(expected.GetProperty("nested_absmax")), made.NestedScales);
        // The golden map was made with another linspace: single numbers differ in their last bits. The maps of the models below are equal.
        TensorAssert.Close(Floats(expected.GetProperty("dynamic_map_signed")), DoubleQuantization.Map, 1e-7, "map");
        made.Restore(restored);
        TensorAssert.Close(Floats(expected.GetProperty("reconstructed_first8")), restored.AsSpan(0, 8), 1e-6, "restored");
    }

    /// <summary>Every tensor of every quantized matrix is equal, and nothing else changes.</summary>
    [Theory, InlineData("pg1"), InlineData("pg2")]
    public void A_quantized_model_has_the_bytes_of_bitsandbytes(string kind)
    {
        string source = GoldenFiles.PathOf("models", kind);
        QuantizationSummary summary = ModelQuantizer.Write(source, scratch.Path, DType.Nf4);
        using SafetensorsFile before = SafetensorsFile.Open(Path.Combine(source, SafetensorsNames.Whole));
        using SafetensorsFile after = SafetensorsFile.Open(Path.Combine(scratch.Path, SafetensorsNames.Whole));
        var expected =
            golden.RootElement.GetProperty("tensors").GetProperty(kind).EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        Assert.Equal(expected.Count, summary.Quantized * 6);
        foreach ((string name, JsonElement tensor) in expected)
        {
            SafetensorsEntry entry = after.Entries[name];
            Assert.Equal(tensor.GetProperty("dtype").GetString(), entry.Type.HeaderName());
            Assert.Equal(tensor.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()), entry.Shape);
            Assert.True(
                Convert.ToHexStringLower(SHA256.HashData(after.Bytes(entry))) == tensor.GetProperty("sha256").GetString(),
                $"{name} has other bytes.");
        }

        foreach (SafetensorsEntry entry in after.Entries.Values.Where(e => !expected.ContainsKey(e.Name)))
            Assert.True(before.Bytes(before.Entries[entry.Name]).SequenceEqual(after.Bytes(entry)), entry.Name);
        Assert.Equal(before.Entries.Count, after.Entries.Count - 5 * summary.Quantized);
    }

    [Theory, InlineData("pg1"), InlineData("pg2")]
    public void A_dequantized_weight_equals_that_of_bitsandbytes(string kind)
    {
        const string Prefix = "dequantized.";
        ModelQuantizer.Write(GoldenFiles.PathOf("models", kind), scratch.Path, DType.Nf4);
        using Checkpoint checkpoint = Checkpoint.Open(scratch.Path);
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-nf4-expected.safetensors"));
        string name = expected.Names.Single(n => n.StartsWith(Prefix, StringComparison.Ordinal));
        WeightData data = checkpoint.Weight(name[Prefix.Length..]);
        Assert.Equal(DType.Nf4, data.DType);
        float[] actual = new float[data.Rows * data.Columns];
        for (int row = 0; row < data.Rows; row++) data.Widen(row, actual.AsSpan(row * data.Columns, data.Columns));
        Assert.Equal(expected.Floats(name).ToArray(), actual);
    }

    /// <summary>A short last block, a block of zeros, the smallest and the largest numbers.</summary>
    [Fact]
    public unsafe void Extreme_blocks_stay_finite()
    {
        float[] x = new float[64 * 3 + 10];
        x[64] = float.Epsilon;
        x[128] = float.MaxValue;
        x[192] = -2;
        x[193] = 1;
        byte[] elements = new byte[(x.Length + 1) / 2];
        float[] scales = new float[4];
        fixed (byte* e = elements)
        fixed (float* s = scales)
        {
            Assert.True(Nf4Quantizer.Quantize(x, e, s));
            Assert.Equal([0, float.Epsilon, float.MaxValue, 2], scales);
            float[] wide = new float[x.Length];
            new WeightData("x", DType.Nf4, 1, x.Length, (nint)e, this, (nint)s).Widen(0, wide);
            Assert.All(wide, v => Assert.True(float.IsFinite(v)));
            Assert.All(wide[..64], v => Assert.Equal(0, v));
            Assert.Equal((float.MaxValue, -2f), (wide[128], wide[192]));
            foreach (float odd in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                x[200] = odd;
                Assert.False(Nf4Quantizer.Quantize(x, e, s));
            }
        }

        DoubleQuantization zeros = DoubleQuantization.Of(new float[5]);
        float[] restored = [1, 1, 1, 1, 1];
        zeros.Restore(restored);
        Assert.Equal(new float[5], restored);
    }

    /// <summary>What bitsandbytes writes without double quantization: scales that are not quantized, and blocks of 128.</summary>
    [Theory, InlineData(64), InlineData(128)]
    public void Scales_that_are_not_quantized_are_read(int blockSize)
    {
        string folder = Nf4Folder.Write(scratch.Path, (name, file, entries) => WithoutDoubleQuantization(file, entries, blockSize));
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        WeightData data = checkpoint.Weight(Nf4Folder.Matrix);
        ReadOnlySpan<float> scales = Scales(data);
        float[] expected = [.. Enumerable.Range(0, scales.Length).Select(i => 1f + i * 64 / blockSize)];
        Assert.Equal(expected, scales.ToArray());
        Assert.Equal(blockSize == 64 ? 0 : scales.Length * sizeof(float), checkpoint.Tensors[Nf4Folder.Matrix].Nf4!.OwnBytes);
        Assert.Equal(DType.F16, data.ValueType);
    }

    private static unsafe ReadOnlySpan<float> Scales(in WeightData data) =>
        new((void*)data.Scales, (int)Nf4.Blocks((long)data.Rows * data.Columns));

    private static IEnumerable<TensorToWrite> WithoutDoubleQuantization(
        SafetensorsFile file, Dictionary<string, SafetensorsEntry> parts, int blockSize)
    {
        float[] scales = [.. Enumerable.Range(0, (int)(2 * parts[""].Elements / blockSize)).Select(i => 1f + i)];
        yield return Nf4Folder.Copy(file, parts[""]);
        yield return Nf4Folder.Copy(file, parts[BitsAndBytes.Code]);
        yield return TensorToWrite.FromFloats(Nf4Folder.Matrix + BitsAndBytes.Scales, DType.F32, [scales.Length], scales);
        yield return Nf4Folder.Text($$"""{"quant_type": "nf4", "blocksize": {{blockSize}}, "dtype": "float16", "shape": [64, 160]}""");
    }
}
