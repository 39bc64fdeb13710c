using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Core.Tests.Quantization;
using VlmSharp.Formats;

namespace VlmSharp.Core.Tests.Checkpoints;

/// <summary>4-bit checkpoints that are damaged, of another format, or hostile.</summary>
public sealed class BitsAndBytesTests : IDisposable
{
    private const string Sound =
        """{"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [64, 160], "nested_blocksize": 256,"""
            + """ "nested_dtype": "float32", "nested_offset": 0.5}""";

    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Valid_quantization_metadata_is_read() => Open(Replaced(BitsAndBytes.State, Nf4Folder.Text(Sound)));

    [Theory]
    [InlineData("\"nf4\"", "\"fp4\"", "'quant_type' = 'fp4': VlmSharp reads bitsandbytes' NF4")]
    [InlineData("\"blocksize\": 64", "\"blocksize\": 32", "'blocksize' = 32; VlmSharp reads blocks of 64")]
    [InlineData("\"blocksize\": 64", "\"blocksize\": 0", "'blocksize' = 0, which is not a whole number between 1 and")]
    [InlineData("\"blocksize\": 64", "\"blocksize\": 128", "absmax' is U8 [160], where U8 [80] belongs")]
    [InlineData("[64, 160]", "[160, 64]", "says that the matrix is [160, 64]; config.json makes it [64, 160]")]
    [InlineData("[64, 160]", "[10240]", "says that the matrix is [10240]; config.json makes it [64, 160]")]
    [InlineData("[64, 160]", "null", "says that the matrix is []; config.json makes it [64, 160]")]
    [InlineData("\"bfloat16\"", "\"float64\"", "'dtype' = 'float64'; it is float32, bfloat16 or float16")]
    [InlineData("\"float32\"", "\"float16\"", "'nested_dtype' = 'float16'; VlmSharp reads float32")]
    [InlineData("256", "1", "'nested_blocksize' = 1, which is not a whole number between 64 and")]
    [InlineData("256", "128", "nested_absmax' is F32 [1], where F32 [2] belongs")]
    [InlineData("0.5", "1e39", "'nested_offset' = 1e39, which is not between")]
    [InlineData("0.5", "null", "says nothing of 'nested_blocksize' and 'nested_offset'")]
    [InlineData("{\"quant", "[\"quant", "is not well-formed JSON")]
    public void Every_value_of_the_metadata_is_checked(string sound, string other, string fault) =>
        AssertRefused(fault, Replaced(BitsAndBytes.State, Nf4Folder.Text(Sound.Replace(sound, other, StringComparison.Ordinal))));

    [Theory]
    [InlineData(BitsAndBytes.Scales)]
    [InlineData(BitsAndBytes.Code)]
    [InlineData(BitsAndBytes.NestedScales)]
    [InlineData(BitsAndBytes.NestedMap)]
    [InlineData(BitsAndBytes.State)]
    public void Every_tensor_must_be_present(string suffix) =>
        AssertRefused($"has no tensor '{Nf4Folder.Matrix}{suffix}'", Replaced(suffix, null));

    [Theory]
    [InlineData(BitsAndBytes.Scales, "U8", 159)]
    [InlineData(BitsAndBytes.Scales, "I8", 160)]
    [InlineData(BitsAndBytes.Scales, "F32", 161)]
    [InlineData(BitsAndBytes.Code, "F32", 15)]
    [InlineData(BitsAndBytes.Code, "BF16", 16)]
    [InlineData(BitsAndBytes.NestedScales, "F32", 2)]
    [InlineData(BitsAndBytes.NestedMap, "F32", 255)]
    [InlineData(BitsAndBytes.NestedMap, "F64", 256)]
    public void Each_tensor_has_its_type_and_length(string suffix, string type, int length) =>
        AssertRefused(
            $"{suffix}' is {type} [{length}], where ",
            Replaced(suffix, Zeros(Nf4Folder.Matrix + suffix, Enum.Parse<SafetensorsType>(type), length)));

    [Fact]
    public void Another_code_is_refused() =>
        AssertRefused(
            "is another code than that of NF4",
            Replaced(BitsAndBytes.Code, Zeros(Nf4Folder.Matrix + BitsAndBytes.Code, SafetensorsType.F32, 16)));

    [Fact]
    public void Metadata_that_are_too_long_are_not_read() => AssertRefused("where a short JSON text belongs",
        Replaced(BitsAndBytes.State, Zeros(Nf4Folder.Matrix + BitsAndBytes.State, SafetensorsType.U8, (1 << 16) + 1)));

    [Theory]
    [InlineData("U8", "down_proj.weight is [10240], not [5120, 1]", 10240L)]
    [InlineData("U8", "down_proj.weight is [64, 80], not [5120, 1]", 64L, 80L)]
    [InlineData("BF16", "without them): 'language_model.model.layers.0.mlp.down_proj.weight.", 64L, 160L)]
    public void The_elements_have_their_shape(string type, string fault, params long[] shape)
    {
        var stored = Enum.Parse<SafetensorsType>(type);
        long bytes = shape.Aggregate((long)stored.Size(), (product, dimension) => product * dimension);
        AssertRefused(
            fault, Replaced("", new TensorToWrite(Nf4Folder.Matrix, stored, [.. shape], stream => stream.Write(new byte[bytes]))));
    }

    [Theory]
    [InlineData(".quant_state.bitsandbytes__fp4", "a matrix that is quantized to FP4. VlmSharp reads bitsandbytes' NF4")]
    [InlineData(".SCB", "a matrix that is quantized to LLM.int8. VlmSharp reads bitsandbytes' NF4")]
    public void Other_formats_are_refused_by_name(string suffix, string fault) =>
        AssertRefused(fault, Replaced(BitsAndBytes.State, Zeros(Nf4Folder.Matrix + suffix, SafetensorsType.U8, 8)));

    /// <summary>Both dialects of tensor names are read, as in plain checkpoints.</summary>
    [Fact]
    public void New_names_are_read()
    {
        string Renamed(string name) => "model." + name.Replace("language_model.model.", "language_model.", StringComparison.Ordinal);
        string folder =
            Nf4Folder.Write(scratch.Path, (_, file, parts) => parts.Values.Select(part => Nf4Folder.Copy(file, part, Renamed(part.Name))));
        using Checkpoint renamed = Checkpoint.Open(folder), source = Checkpoint.Open(Path.Combine(scratch.Path, "nf4"));
        float[] expected = new float[160], actual = new float[160];
        for (int row = 0; row < 64; row++)
        {
            source.Weight(Nf4Folder.Matrix).Widen(row, expected);
            renamed.Weight(Nf4Folder.Matrix).Widen(row, actual);
            Assert.Equal(expected, actual);
        }
    }

    private static TensorToWrite Zeros(string name, SafetensorsType type, int length) =>
        new(name, type, [length], stream => stream.Write(new byte[length * type.Size()]));

    private static Nf4Folder.Change Replaced(string suffix, TensorToWrite? by) => (_, file, parts) =>
        [.. parts.Where(p => p.Key != suffix).Select(p => Nf4Folder.Copy(file, p.Value)), .. by is null ? (TensorToWrite[])[] : [by]];

    private void Open(Nf4Folder.Change change)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Nf4Folder.Write(scratch.Path, change));
        float[] row = new float[160];
        checkpoint.Weight(Nf4Folder.Matrix).Widen(63, row);
        Assert.All(row, x => Assert.True(float.IsFinite(x)));
    }

    private void AssertRefused(string fault, Nf4Folder.Change change) =>
        Assert.Contains(fault, Assert.Throws<ModelFormatException>(() => Open(change)).Message, StringComparison.Ordinal);
}
