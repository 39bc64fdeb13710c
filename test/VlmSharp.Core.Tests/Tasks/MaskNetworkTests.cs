using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Core.Tests.Checkpoints;
using VlmSharp.Formats;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>Masks from codes and codes from masks, compared with the reference.</summary>
public sealed class MaskNetworkTests : IClassFixture<MaskNetworkTests.Files>
{
    private readonly Files files;

    public MaskNetworkTests(Files files) => this.files = files;

    /// <summary>The weights in both formats, written once.</summary>
    public sealed class Files : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public Files()
        {
            MaskGoldens.WriteNpz(Npz);
            MaskGoldens.WriteSafetensors(Safetensors);
            (FromNpz, FromSafetensors) = (MaskDecoder.Load(Npz), MaskDecoder.Load(Safetensors));
            (Encoder, EncoderFromNpz) = (MaskEncoder.Load(Safetensors), MaskEncoder.Load(Npz));
        }

        public MaskDecoder FromNpz { get; }

        public MaskDecoder FromSafetensors { get; }

        public MaskEncoder Encoder { get; }

        public MaskEncoder EncoderFromNpz { get; }

        public string Npz => folder.At("vae-oid.npz");

        public string Safetensors => folder.At("weights.safetensors");

        public string Folder => folder.Path;

        public void Dispose() => folder.Dispose();
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Codes_become_the_reference_masks(int index)
    {
        using var golden = new GoldenTensors(GoldenFiles.PathOf("masks", "masks.safetensors"));
        float[] mask = files.FromNpz.Decode(MaskGoldens.Codes(index));
        TensorAssert.Close(golden.Floats($"{index}.mask"), mask, 1e-4, $"mask {index}");
        Assert.Equal(mask, files.FromSafetensors.Decode(MaskGoldens.Codes(index)));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Masks_become_the_reference_codes(int index)
    {
        using var golden = new GoldenTensors(GoldenFiles.PathOf("masks", "masks.safetensors"));
        ReadOnlySpan<float> input = golden.Floats($"{index}.encoder_input");
        TensorAssert.StageClose(
            golden.Floats($"{index}.encoder_features"), files.Encoder.Features(input).Values, 1e-4, $"features {index}");
        Assert.Equal(GoldenCase.Ints(MaskGoldens.Cases[index].GetProperty("encoded")), files.Encoder.Encode(input));
        Assert.Equal(files.Encoder.Encode(input), files.EncoderFromNpz.Encode(input));
    }

    /// <summary>A box of 64 x 64 pixels is cropped and not resized, so it has the same codes as the crop alone.</summary>
    [Fact]
    public void A_picture_is_cropped_to_the_box_before_it_is_encoded()
    {
        MaskEncoder encoder = files.Encoder;
        var picture = new GrayImage(150, 100);
        var cut = new float[64 * 64];
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++)
                if ((x - 30) * (x - 30) + (y - 20) * (y - 20) < 500) (picture.Row(y + 11)[x + 70], cut[y * 64 + x]) = (255, 1);
        Assert.Equal(encoder.Encode(cut), encoder.Encode(picture, new Box(70, 11, 134, 75)));
        Assert.NotEqual(encoder.Encode(cut), encoder.Encode(picture, new Box(0, 0, 150, 100)));
    }

    [Fact]
    public void A_model_folder_has_the_weights_or_the_error_says_what_is_missing()
    {
        Assert.True(MaskDecoder.IsIn(files.Folder));
        Assert.NotNull(MaskDecoder.LoadFrom(files.Folder));
        using var empty = new TemporaryFolder();
        Assert.False(MaskDecoder.IsIn(empty.Path));
        string message = Assert.Throws<ModelFormatException>(() => MaskDecoder.LoadFrom(empty.Path)).Message;
        foreach (string part in new[] { empty.Path, "vae-oid.npz", "put it into" })
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_are_refused_by_name_and_shape()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "none.npz",
            Assert.Throws<ModelFormatException>(() => MaskDecoder.Load(folder.At("none.npz"))).Message,
            StringComparison.Ordinal);
        SafetensorsWriter.Write(
            folder.At("w.safetensors"), [TensorToWrite.FromFloats("_vq_vae._embedding", DType.F32, [2, 2], new float[4])]);
        Assert.Contains(
            "[128, 512]",
            Assert.Throws<ModelFormatException>(() => MaskDecoder.Load(folder.At("w.safetensors"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "_vq_vae._embedding",
            Assert.Throws<ModelFormatException>(() => MaskDecoder.Load(Path.Combine(GoldenFiles.DemoModel, "model.safetensors"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Codes_must_be_sixteen_of_128()
    {
        MaskDecoder decoder = files.FromNpz;
        Assert.Throws<ArgumentException>(() => decoder.Decode(new int[15]));
        Assert.Throws<ArgumentException>(() => decoder.Decode([.. new int[15], 128]));
        Assert.Throws<ArgumentException>(() => decoder.Decode([.. new int[15], -1]));
    }
}
