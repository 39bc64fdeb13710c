using System.Diagnostics;
using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;

namespace VlmSharp.Core.Tests.Checkpoints;

public class CheckpointTests
{
    private static string Golden(string kind) => GoldenFiles.PathOf("models", kind);

    private static float[] Floats(Checkpoint checkpoint, string name) =>
        checkpoint.Tensors[name].File.ReadFloats(checkpoint.Tensors[name].StoredName);

    private static string Refused(string folder)
    {
        var error = Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder).Dispose());
        Assert.Contains(folder, error.Message);
        return error.Message;
    }

    /// <summary>Makes a copy of pg1 in which a function changes the tensors; it returns null to leave a tensor out.</summary>
    private static TemporaryFolder Changed(Func<CheckpointTensor, IEnumerable<TensorToWrite>> change)
    {
        using Checkpoint source = Checkpoint.Open(Golden("pg1"));
        var folder = new TemporaryFolder();
        folder.CopyFrom(source.Directory, "model.safetensors");
        SafetensorsWriter.WriteModel(folder.Path, source.Tensors.Values.SelectMany(change));
        return folder;
    }

    private static TensorToWrite Same(CheckpointTensor tensor, string? name = null) =>
        TensorToWrite.FromPointer(name ?? tensor.Name, tensor.DType.AsSafetensorsType(), tensor.Shape, tensor.Pointer, tensor.File);

    [Theory]
    [InlineData("pg1", DType.BF16)]
    [InlineData("pg1-f16", DType.F16)]
    [InlineData("pg1-f32-sharded", DType.F32)]
    [InlineData("pg1-new-names", DType.BF16)]
    [InlineData("pg1odd", DType.BF16)]
    [InlineData("pg2", DType.BF16)]
    public void GoldenModelsOpenUnderCanonicalNames(string kind, DType dtype)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Golden(kind));
        foreach (TensorSpec spec in TensorTable.For(checkpoint.Config))
        {
            WeightData weight = checkpoint.Weight(spec.Name);
            Assert.Equal((dtype, spec.Elements), (weight.DType, (long)weight.Rows * weight.Columns));
            Assert.Equal(spec.Shape.Length == 1 ? 1 : spec.Shape[0], weight.Rows);
            Assert.Same(checkpoint, weight.Owner);
        }
        Assert.False(checkpoint.HasSeparateHead);
        Assert.Equal(TensorTable.Count(checkpoint.Config), checkpoint.ParameterCounts);
        Assert.Equal(kind == "pg1-new-names", checkpoint.Tensors.ContainsKey(TensorNames.Head));
    }

    [Fact]
    public void TheDemoModelOpens()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(GoldenFiles.Root, "demo", "model"));
        Assert.Equal(64, checkpoint.Config.Vision.Patches);
        Assert.Equal(512, checkpoint.Config.Text.MaxPositions);
        Assert.Equal(2 * checkpoint.ParameterCounts.Total, checkpoint.TotalBytes);
    }

    [Theory]
    [InlineData("pg1-f32-sharded")]
    [InlineData("pg1-new-names")]
    [InlineData("pg1-f16")]
    public void EveryDialectHoldsTheSameWeights(string kind)
    {
        using Checkpoint one = Checkpoint.Open(Golden("pg1")), other = Checkpoint.Open(Golden(kind));
        foreach (string name in one.Tensors.Keys)
        {
            float[] expected = Floats(one, name), actual = Floats(other, name);
            // binary16 has fewer exponents, so numbers below its smallest normal number lose bits.
            if (kind == "pg1-f16") expected = [.. expected.Select(value => (float)(Half)value)];
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void WeightsAreReadThroughTheirPointers()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Golden("pg1"));
        WeightData patch = checkpoint.Weight("vision_tower.vision_model.embeddings.patch_embedding.weight");
        Assert.Equal((48, 3 * 14 * 14), (patch.Rows, patch.Columns));
        float[] floats = Floats(checkpoint, patch.Name);
        unsafe
        {
            ushort* bits = (ushort*)patch.Data;
            for (int i = 0; i < floats.Length; i++) Assert.Equal(floats[i], BFloat16.ToSingle(bits[i]));
        }
        Assert.Throws<ArgumentException>(() => checkpoint.Weight("no such weight"));
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Weight(patch.Name));
    }

    [Fact]
    public void AHeadThatDiffersIsSeparate()
    {
        using TemporaryFolder folder = Changed(tensor =>
        {
            if (tensor.Name != TensorNames.Embedding) return [Same(tensor)];
            byte[] head = tensor.File.Bytes(tensor.File.Entries[tensor.StoredName]).ToArray();
            head[^1] ^= 1;
            return [Same(tensor), TensorToWrite.FromBytes("lm_head.weight", SafetensorsType.BF16, tensor.Shape, head)];
        });
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.True(checkpoint.HasSeparateHead);
        Assert.Equal(TensorTable.Count(checkpoint.Config).Total + (5184 * 64), checkpoint.ParameterCounts.Total);
        Assert.Equal(5184, checkpoint.Weight(TensorNames.Head).Rows);
    }

    [Fact]
    public void AnUntiedModelNeedsItsHead()
    {
        using var folder = new TemporaryFolder();
        folder.CopyFrom(Golden("pg1"));
        File.WriteAllText(folder.At("config.json"), File.ReadAllText(folder.At("config.json")).Replace(
            "\"model_type\": \"paligemma\"", "\"model_type\": \"paligemma\", \"tie_word_embeddings\": false", StringComparison.Ordinal));
        Assert.Contains("1 missing: language_model.lm_head.weight", Refused(folder.Path));
    }

    [Fact]
    public void OneMessageListsEverythingThatDoesNotFit()
    {
        using TemporaryFolder folder = Changed(tensor => tensor.Name switch
        {
            string name when name.Contains("layers.0.mlp", StringComparison.Ordinal) => [],
            "language_model.model.norm.weight" => [TensorToWrite.FromFloats(tensor.Name, DType.BF16, [63], new float[63])],
            "multi_modal_projector.linear.bias" => [TensorToWrite.FromIntegers(tensor.Name, tensor.Shape, new long[64])],
            TensorNames.Embedding => [Same(tensor), Same(tensor, "model.language_model.embed_tokens.weight")],
            "vision_tower.vision_model.post_layernorm.bias" => [Same(tensor), Same(tensor, "extra"), Same(tensor, "x.position_ids")],
            _ => [Same(tensor)],
        });
        string message = Refused(folder.Path);
        Assert.Contains("7 missing: ", message);
        Assert.Contains("and 3 more", message);
        Assert.Contains(
            "1 unexpected (--ignore-extra-tensors goes on without them): 'extra'", message);
        Assert.Contains("language_model.model.norm.weight is [63], not [64]", message);
        Assert.Contains("multi_modal_projector.linear.bias is I64", message);
        Assert.Contains("1 stored twice", message);
        Assert.DoesNotContain("position_ids", message);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "pickle")]
    [InlineData("model.gguf", "gguf")]
    [InlineData("pt_224.npz", "JAX")]
    [InlineData("adapter_model.safetensors", "adapter")]
    [InlineData("weights.safetensors", "holds weights.safetensors")]
    [InlineData("model-00001-of-00003.safetensors", "no model.safetensors.index.json")]
    public void WhatTheFolderHoldsInsteadIsSaid(string file, string reason)
    {
        using var folder = new TemporaryFolder();
        folder.Write(file, "x"u8);
        if (!file.StartsWith("model-", StringComparison.Ordinal)) Assert.Contains(reason, Refused(folder.Path));
        File.Copy(Path.Combine(Golden("pg1"), "config.json"), folder.At("config.json"));
        Assert.Contains(reason, Refused(folder.Path));
    }

    [Fact]
    public void FoldersThatAreNoneAreRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("holds no files", Refused(folder.Path));
        Assert.Contains("does not exist", Refused(folder.At("absent")));
        Assert.Contains("is a file", Refused(folder.Write("file", "x"u8)));
        Assert.Contains("no config.json", Refused(folder.Path));
    }

    [Theory]
    [InlineData("{\"weight_map\":{\"a\":\"../model.safetensors\"}}", "in the same folder")]
    [InlineData("{\"weight_map\":{\"a\":\"/etc/model.safetensors\"}}", "in the same folder")]
    [InlineData("{\"weight_map\":{\"a\":\"c:model.safetensors\"}}", "in the same folder")]
    [InlineData("{\"weight_map\":{\"a\":\"config.json\"}}", "in the same folder")]
    [InlineData(
        "{\"weight_map\":{\"a\":\"model-00004-of-00004.safetensors\"}}", "model-00004-of-00004.safetensors, which is not in the folder")]
    [InlineData(
        "{\"weight_map\":{\"a\":\"model-00001-of-00003.safetensors\"}}", "'a' is in model-00001-of-00003.safetensors, and it is not")]
    [InlineData("{\"weight_map\":{}}", "empty 'weight_map'")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "a number in 'weight_map.a'")]
    [InlineData("{}", "no 'weight_map'")]
    public void IndexesAreChecked(string index, string reason)
    {
        using var folder = new TemporaryFolder();
        folder.CopyFrom(Golden("pg1-f32-sharded"), "model.safetensors.index.json");
        folder.Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(index));
        Assert.Contains(reason, Refused(folder.Path));
    }

    [Fact]
    public void OpeningReadsHeadersOnly()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Golden("pg1"), "config.json"), folder.At("config.json"));
        string config = File.ReadAllText(folder.At("config.json"));
        // 5184 rows become a million. The file is sparse, but far too large to be read in the time allowed.
        File.WriteAllText(folder.At("config.json"), config
            .Replace("\"vocab_size\": 5184", "\"vocab_size\": 2097152", StringComparison.Ordinal)
            .Replace("\"hidden_size\": 64", "\"hidden_size\": 2048", StringComparison.Ordinal));
        VlmSharp.Models.PaliGemmaConfig model = ConfigReader.Read(File.ReadAllBytes(folder.At("config.json")), "config.json");
        SafetensorsWriter.WriteModel(folder.Path, TensorTable.For(model).Select(spec => new TensorToWrite(
            spec.Name, SafetensorsType.BF16, spec.Shape, stream =>
            {
                stream.SetLength(stream.Position + (2 * spec.Elements));
                stream.Seek(0, SeekOrigin.End);
            })), long.MaxValue);
        var clock = Stopwatch.StartNew();
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(checkpoint.TotalBytes, 8L << 30, long.MaxValue);
        Assert.Equal((2097152, 2048), (checkpoint.Weight(TensorNames.Embedding).Rows, checkpoint.Weight(TensorNames.Embedding).Columns));
    }
}
