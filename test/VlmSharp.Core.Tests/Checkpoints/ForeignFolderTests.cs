using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Imaging;
using VlmSharp.Tokenization;

namespace VlmSharp.Core.Tests.Checkpoints;

/// <summary>
/// What people download and give for a model's folder: it loads where that is a matter of form, and else is called by its name.
/// </summary>
public sealed class ForeignFolderTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\n"
        + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    private const string Page = "<!DOCTYPE html>\n<html class=\"\"><head><title>google/paligemma</title></head></html>";

    private static readonly string Golden = GoldenFiles.PathOf("models", "pg1");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Refused() => Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path).Dispose()).Message;

    private string Given(string file, string content)
    {
        folder.CopyFrom(Golden, file);
        return folder.Write(file, Encoding.UTF8.GetBytes(content));
    }

    [Theory]
    [InlineData("model.safetensors", Pointer, "is a git-lfs pointer and not the file itself: install git-lfs and run 'git lfs pull'")]
    [InlineData("config.json", Pointer, "is a git-lfs pointer")]
    [InlineData("model.safetensors", Page, "is a web page and not the file itself: download it again")]
    [InlineData("config.json", Page, "is a web page")]
    [InlineData("model.safetensors", "Entry not found", "that there is no such file")]
    [InlineData("model.safetensors", "Access to model google/paligemma-3b-pt-224 is restricted.", "accept the model's license")]
    public void Files_that_were_not_downloaded_are_called_so(string file, string content, string reason)
    {
        Assert.StartsWith(Given(file, content), Refused());
        Assert.Contains(reason, Refused());
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    [InlineData("added_tokens.json")]
    public void A_tokenizer_that_was_not_downloaded_is_called_so(string file)
    {
        string path = Given(file, Pointer);
        if (file == "tokenizer.model") File.Delete(folder.At("tokenizer.json"));
        else if (!File.Exists(folder.At("tokenizer.json"))) File.Copy(Path.Combine(Golden, "tokenizer.json"), folder.At("tokenizer.json"));
        string message = Assert.Throws<TokenizerFormatException>(() => TokenizerLoader.Load(folder.Path)).Message;
        Assert.StartsWith($"{path} is a git-lfs pointer", message);
    }

    [Fact]
    public void A_picture_that_was_not_downloaded_is_called_so()
    {
        string path = folder.Write("cat.jpg", Encoding.UTF8.GetBytes(Pointer));
        Assert.Contains("git lfs pull", Assert.Throws<ImageFormatException>(() => ImageFile.Load(path)).Message);
        byte[] pointer = Encoding.UTF8.GetBytes(Pointer);
        Assert.Contains("git lfs pull", Assert.Throws<ImageFormatException>(() => ImageFile.Decode(pointer)).Message);
    }

    [Theory]
    [InlineData("decoder_model.onnx", "a model for ONNX")]
    [InlineData("model.weights.h5", "a Keras model")]
    [InlineData("paligemma.keras", "a Keras model")]
    [InlineData("flax_model.msgpack", "a Flax checkpoint")]
    [InlineData("model.safetensors.incomplete", "a download that has not ended")]
    [InlineData("model.safetensors.crdownload", "a download that has not ended")]
    [InlineData("paligemma.zip", "unpack it")]
    [InlineData("consolidated.00.pth", "pickle")]
    public void Folders_of_other_programs_are_called_by_name(string file, string reason)
    {
        folder.Write(file, "x"u8);
        Assert.Contains(reason, Refused());
        File.Copy(Path.Combine(Golden, "config.json"), folder.At("config.json"));
        Assert.Contains($"it holds {file}", Refused());
    }

    /// <summary>Exports of other programs have a config.json of which less or nothing is written.</summary>
    [Theory]
    [InlineData("model.onnx", "{}", "VlmSharp runs models of type 'paligemma'; beside it is model.onnx, a model for ONNX")]
    [InlineData("model.onnx", """{"model_type": "paligemma", "text_config": {}, "vision_config": {}}""",
        "; beside it is model.onnx, a model for ONNX, which VlmSharp does not read: use the safetensors files of this model.")]
    [InlineData("model.weights.h5", """{"model_type": "paligemma"}""", "are unknown; beside it is model.weights.h5, a Keras model")]
    [InlineData("paligemma.keras", "", "is not well-formed JSON")]
    public void Folders_of_other_programs_are_called_by_name_beside_a_config_json(string file, string config, string reason)
    {
        folder.Write(file, "x"u8);
        folder.Write("config.json", Encoding.UTF8.GetBytes(config));
        Assert.Contains(reason, Refused());
        Assert.Contains($"beside it is {file}", Refused());
        folder.Write("other.safetensors", "x"u8);
        Assert.DoesNotContain("beside it is", Refused());
    }

    [Fact]
    public void What_a_config_json_says_itself_comes_first()
    {
        folder.Write("pytorch_model.bin", "x"u8);
        folder.Write("config.json", """{"model_type": "llava"}"""u8);
        Assert.Contains("a model of type 'llava'", Refused());
        Assert.DoesNotContain("beside it is", Refused());
    }

    [Fact]
    public void An_ONNX_folder_has_its_models_in_a_folder()
    {
        File.Copy(Path.Combine(Golden, "config.json"), folder.At("config.json"));
        Directory.CreateDirectory(folder.At("onnx"));
        Assert.Contains("it holds onnx/, a model for ONNX", Refused());
    }

    [Theory]
    [InlineData("""{"module": "keras_hub.src.models", "class_name": "PaliGemmaBackbone", "registered_name":"""
        + """ "keras_hub>PaliGemmaBackbone"}""", "a Keras model")]
    [InlineData("""{"model_type": "paligemma", "quantization": {"group_size": 64, "bits": 4}}""", "weights that MLX quantized")]
    [InlineData("""{"model_type": "paligemma", "quantization_config": {"quant_method": "gptq"}}""", "'gptq' kind")]
    [InlineData("""{"model_type": "paligemma", "quantization_config": {"quant_method": "awq"}}""", "'awq' kind")]
    [InlineData("""{"model_type": "paligemma", "quantization_config": {"quant_method": "fp8"}}""", "'fp8' kind")]
    [InlineData("""{"model_type": "paligemma", "quantization_config": {"quant_method": "compressed-tensors"}}""",
        "'compressed-tensors' kind")]
    [InlineData("""{"model_type": "llava"}""", "a model of type 'llava'; VlmSharp runs")]
    [InlineData("""{"model_type": "qwen2_5_vl"}""", "a model of type 'qwen2_5_vl'; VlmSharp runs")]
    [InlineData("""{"model_type": "gemma2"}""", "'gemma2', which is a part of PaliGemma")]
    [InlineData("""{"model_type": "gemma3"}""", "a Gemma 3 model; VlmSharp runs")]
    public void Configurations_of_other_models_are_called_by_name(string config, string reason)
    {
        Given("config.json", config);
        Assert.Contains(reason, Refused());
    }

    [Theory]
    [InlineData("paligemma-3b.gguf", "a GGUF file, which VlmSharp does not read")]
    [InlineData("pt_224.npz", "a JAX checkpoint")]
    [InlineData("pytorch_model.bin", "a pickle")]
    [InlineData("model.safetensors", "a file; give the folder that holds it")]
    public void A_file_given_for_the_folder_is_called_by_name(string file, string reason)
    {
        string path = folder.Write(file, "x"u8);
        Assert.StartsWith($"{path} is {reason}", Assert.Throws<ModelFormatException>(() => Checkpoint.Open(path).Dispose()).Message);
    }

    [Fact]
    public void A_place_in_the_cache_leads_to_its_snapshot()
    {
        string snapshot = Directory.CreateDirectory(folder.At("snapshots/0123abcd")).FullName;
        File.Copy(Path.Combine(Golden, "config.json"), Path.Combine(snapshot, "config.json"));
        Assert.Contains($"give {snapshot}, or the model's name", Refused());
    }

    [Theory, InlineData("model.safetensors"), InlineData("config.json")]
    public void A_link_that_leads_nowhere_is_called_so(string file)
    {
        if (OperatingSystem.IsWindows()) return; // links are a matter of rights there
        folder.CopyFrom(Golden, file);
        File.CreateSymbolicLink(folder.At(file), "../../blobs/0123abcd");
        Assert.Contains("is a link to ../../blobs/0123abcd, which is not there", Refused());
    }

    [Fact]
    public void The_patches_of_MLX_are_put_into_order()
    {
        const string Patches = "vision_tower.vision_model.embeddings.patch_embedding.weight";
        byte[] expected = [];
        Write(tensor =>
        {
            if (tensor.Name != Patches) return [Same(tensor)];
            float[] values = tensor.File.ReadFloats(tensor.StoredName), moved = new float[values.Length];
            int pixels = (int)(tensor.Shape[2] * tensor.Shape[3]);
            for (int i = 0; i < values.Length; i++)
            {
                int d = i / (3 * pixels), channel = i / pixels % 3, pixel = i % pixels;
                moved[(((d * pixels) + pixel) * 3) + channel] = values[i];
            }

            expected = tensor.File.Bytes(tensor.File.Entries[tensor.StoredName]).ToArray();
            return [TensorToWrite.FromFloats(tensor.Name, DType.BF16, [tensor.Shape[0], tensor.Shape[2], tensor.Shape[3], 3], moved)];
        });
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(3, checkpoint.Tensors[Patches].Shape[1]);
        Assert.Equal(expected, Bytes(checkpoint, Patches));
    }

    [Theory]
    [InlineData("model_index.json", "it is a pipeline of the Diffusers library, not a PaliGemma model")]
    [InlineData("openvino_language_model.xml", "an OpenVINO model, which VlmSharp does not read")]
    [InlineData("paligemma.task", "a TensorFlow Lite model, which VlmSharp does not read")]
    public void Folders_of_other_libraries_are_named(string file, string kind)
    {
        folder.Write(file, [1]);
        folder.Write("openvino_language_model.bin", [1]);
        Directory.CreateDirectory(folder.At("unet"));
        folder.Write("unet/config.json", "{}"u8.ToArray());
        Assert.Contains(kind, Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_nowhere_is_named()
    {
        if (OperatingSystem.IsWindows()) return;
        File.CreateSymbolicLink(folder.At("model"), "nowhere");
        Assert.Contains(
            "is a link to nowhere, which is not there",
            Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.At("model"))).Message, StringComparison.Ordinal);

        folder.CopyFrom(Golden, "added_tokens.json");
        File.CreateSymbolicLink(folder.At("added_tokens.json"), "../blobs/0123");
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Contains(
            "is a link to ../blobs/0123, which is not there",
            Assert.Throws<ModelFormatException>(() => CheckpointFingerprint.Of(checkpoint)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_is_the_table_where_the_two_are_tied_and_only_the_head_is_stored()
    {
        Write(tensor => [Same(tensor, tensor.Name == TensorNames.Embedding ? "lm_head.weight" : tensor.Name)]);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path), whole = Checkpoint.Open(Golden);
        Assert.False(checkpoint.HasSeparateHead);
        Assert.Equal(Bytes(whole, TensorNames.Embedding), Bytes(checkpoint, TensorNames.Embedding));
    }

    [Fact]
    public void Tensors_that_the_model_does_not_have_can_be_left_aside()
    {
        Write(tensor => tensor.Name == "multi_modal_projector.linear.bias" ? [Same(tensor), Same(tensor, "score.bias")] : [Same(tensor)]);
        Assert.Contains(
            "1 unexpected (--ignore-extra-tensors goes on without them): 'score.bias'", Refused());
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path, ignoreUnexpected: true), whole = Checkpoint.Open(Golden);
        Assert.Equal(whole.Tensors.Keys, checkpoint.Tensors.Keys);
    }

    [Theory, InlineData("score.weight.SCB"), InlineData("score.weight.quant_state.bitsandbytes__fp4")]
    public void Quantized_tensors_of_a_layer_that_the_model_does_not_have_can_be_left_aside(string name)
    {
        Write(tensor => tensor.Name == "multi_modal_projector.linear.bias" ? [Same(tensor), Same(tensor, name)] : [Same(tensor)]);
        Assert.Contains("VlmSharp reads bitsandbytes' NF4", Refused());
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path, ignoreUnexpected: true), whole = Checkpoint.Open(Golden);
        Assert.Equal(whole.Tensors.Keys, checkpoint.Tensors.Keys);
    }

    [Fact]
    public void A_byte_order_mark_before_JSON_is_no_fault()
    {
        foreach (string file in Directory.GetFiles(Golden))
        {
            byte[] bytes = File.ReadAllBytes(file);
            folder.Write(Path.GetFileName(file), file.EndsWith(".json", StringComparison.Ordinal) ? [0xEF, 0xBB, 0xBF, .. bytes] : bytes);
        }

        folder.Write("added_tokens.json", [0xEF, 0xBB, 0xBF, .. "{\"<image>\": 5152}"u8]);
        Checkpoint.Open(folder.Path).Dispose();
        Assert.Equal(
            TokenizerLoader.Load(Golden).Encode("caption en", ControlTokens.AsText),
            TokenizerLoader.Load(folder.Path).Encode("caption en", ControlTokens.AsText));
    }

    private void Write(Func<CheckpointTensor, IEnumerable<TensorToWrite>> change)
    {
        using Checkpoint source = Checkpoint.Open(Golden);
        folder.CopyFrom(Golden, "model.safetensors");
        SafetensorsWriter.WriteModel(folder.Path, source.Tensors.Values.SelectMany(change));
    }

    private static TensorToWrite Same(CheckpointTensor tensor, string? name = null) =>
        TensorToWrite.FromPointer(name ?? tensor.Name, tensor.DType.AsSafetensorsType(), tensor.Shape, tensor.Pointer, tensor.File);

    private static unsafe byte[] Bytes(Checkpoint checkpoint, string name) =>
        new ReadOnlySpan<byte>((byte*)checkpoint.Tensors[name].Pointer, (int)checkpoint.Tensors[name].ByteLength).ToArray();
}
