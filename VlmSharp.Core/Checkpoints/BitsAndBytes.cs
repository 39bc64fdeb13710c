using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Checkpoints;

/// <summary>
/// The layout in which bitsandbytes stores a linear layer in 4 bits: several tensors beside the weight.
/// <code>
/// X.weight                                  U8  [n / 2, 1]      two elements to a byte, the first in the upper nibble
/// X.weight.quant_map                        F32 [16]            the code
/// X.weight.absmax                           F32 [blocks], or U8 [blocks] where the scales are quantized too
/// X.weight.nested_absmax, .nested_quant_map F32 [blocks / 256], F32 [256]
/// X.weight.quant_state.bitsandbytes__nf4    U8, JSON: block sizes, shape, the format of the numbers, the mean of the scales
/// </code>
/// </summary>
internal static class BitsAndBytes
{
    /// <summary>The name of this method in config.json.</summary>
    public const string Method = "bitsandbytes";

    public const string Scales = ".absmax";
    public const string Code = ".quant_map";
    public const string NestedScales = ".nested_absmax";
    public const string NestedMap = ".nested_quant_map";
    public const string State = ".quant_state.bitsandbytes__nf4";

    private const string Fp4State = ".quant_state.bitsandbytes__fp4", Int8Scales = ".SCB", Weight = ".weight";
    private const int MapLength = 256, MostStateBytes = 1 << 16, SmallestBlock = 64, LargestBlock = 1 << 20;

    /// <summary>The endings of the names of the tensors beside a weight.</summary>
    public static readonly string[] Suffixes = [Scales, Code, NestedScales, NestedMap, State];

    /// <summary>The advice in errors about bitsandbytes' other formats.</summary>
    public const string OnlyNf4 =
        "VlmSharp reads bitsandbytes' NF4; use an NF4 or an unquantized checkpoint of this model, "
        + "which 'vlmsharp quantize' can make smaller";

    /// <summary>The weight that a tensor of FP4 or LLM.int8 belongs to; null for a tensor of anything else.</summary>
    public static string? UnreadWeight(string name) =>
        name.EndsWith(Fp4State, StringComparison.Ordinal) ? name[..^Fp4State.Length]
        : name.EndsWith(Int8Scales, StringComparison.Ordinal) ? name[..^Int8Scales.Length] + Weight
        : null;

    /// <summary>The error of such a tensor.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="path">Its file.</param>
    public static ModelFormatException Unread(string name, string path)
    {
        string format = name.EndsWith(Fp4State, StringComparison.Ordinal) ? "FP4" : "LLM.int8";
        return new($"{path} holds {MessageText.Quote(name)}: a matrix that is quantized to {format}. {OnlyNf4}.");
    }

    /// <summary>Splits a name into the weight's name and one of <see cref="Suffixes"/>; null if it ends in none of them.</summary>
    public static (string Weight, string Suffix)? Split(string name)
    {
        foreach (string suffix in Suffixes)
            if (name.EndsWith(Weight + suffix, StringComparison.Ordinal)) return (name[..^suffix.Length], suffix);
        return null;
    }

    /// <summary>Checks and reads the tensors beside a weight. The scales are not read: the result has their address.</summary>
    /// <param name="weight">The matrix that the model expects.</param>
    /// <param name="parts">The tensors by suffix.</param>
    /// <returns>How the matrix is quantized.</returns>
    /// <exception cref="ModelFormatException">A tensor is missing, has another shape, or holds an impossible value.</exception>
    public static BitsAndBytesTensor Read(TensorSpec weight, IReadOnlyDictionary<string, StoredTensor> parts)
    {
        StoredTensor state = Part(State);
        if (state.Entry.Type != SafetensorsType.U8 || state.Entry.ByteLength > MostStateBytes)
            throw Fault(state, $"is {state.Entry}, where a short JSON text belongs, as U8");
        string label = $"{state.File.Path}: {MessageText.Quote(state.Entry.Name)}";
        Settings settings = JsonSection.Read(state.File.Bytes(state.Entry), label, root => ReadSettings(root, weight));

        StoredTensor code = Part(Code);
        if (!Numbers(code, Nf4.Code.Length).AsSpan().SequenceEqual(Nf4.Code))
            throw Fault(code, "is another code than that of NF4, the only one that VlmSharp reads");
        long blocks = (weight.Elements + settings.BlockSize - 1) / settings.BlockSize;
        StoredTensor scales = Part(Scales);
        bool isNested = scales.Entry.Type == SafetensorsType.U8;
        Require(scales, isNested ? SafetensorsType.U8 : SafetensorsType.F32, blocks);
        NestedScales? nested = isNested ? ReadNested() : null;
        long bytes = parts.Values.Sum(part => part.Entry.ByteLength);
        return new(settings.BlockSize, settings.ValueType, scales.File.DataPointer(scales.Entry), nested, bytes);

        StoredTensor Part(string suffix) => parts.TryGetValue(suffix, out StoredTensor part)
            ? part
            : throw new ModelFormatException(
                $"{parts.Values.First().File.Path} has no tensor '{weight.Name}{suffix}', "
                + "which belongs to a matrix that bitsandbytes quantized; the file may be incomplete, so get it again.");

        NestedScales ReadNested()
        {
            if (settings.Offset is not { } offset || settings.NestedBlockSize is not { } size)
                throw Fault(state, "says nothing of 'nested_blocksize' and 'nested_offset', which quantized scales need");
            float[] map = Numbers(Part(NestedMap), MapLength), numbers = Numbers(Part(NestedScales), (blocks + size - 1) / size);
            return new NestedScales(size, map, numbers, offset);
        }
    }

    private static Settings ReadSettings(JsonSection root, TensorSpec weight)
    {
        if (root.Text("quant_type") is not "nf4" and var type)
            throw root.Error($"has 'quant_type' = {MessageText.Quote(type ?? "null")}: {OnlyNf4}");
        int size = root.Integer("blocksize", Nf4.BlockSize, 1, LargestBlock);
        if (size % Nf4.BlockSize != 0)
            throw root.Error($"has 'blocksize' = {size}; VlmSharp reads blocks of {Nf4.BlockSize} and of multiples of it");
        int[] shape = root.Integers("shape", 0, int.MaxValue) ?? [];
        if (!shape.Select(n => (long)n).SequenceEqual(weight.Shape))
        {
            string said = MessageText.Shape(shape.Take(8).Select(n => (long)n));
            throw root.Error($"says that the matrix is {said}; config.json makes it {MessageText.Shape(weight.Shape)}");
        }

        DType valueType = root.Text("dtype") switch
        {
            "float32" => DType.F32,
            "bfloat16" => DType.BF16,
            "float16" => DType.F16,
            var other => throw root.Error($"has 'dtype' = {MessageText.Quote(other ?? "null")}; it is float32, bfloat16 or float16"),
        };
        if (root.Text("nested_dtype") is not ("float32" or null) and var nested)
            throw root.Error($"has 'nested_dtype' = {MessageText.Quote(nested)}; VlmSharp reads float32");
        int? nestedSize = root.Has("nested_blocksize") ? root.Integer("nested_blocksize", 0, SmallestBlock, LargestBlock) : null;
        return new(size, valueType, nestedSize, (float?)root.Number("nested_offset", float.MaxValue));
    }

    private static float[] Numbers(StoredTensor part, long count)
    {
        Require(part, SafetensorsType.F32, count);
        return MemoryMarshal.Cast<byte, float>(part.File.Bytes(part.Entry)).ToArray();
    }

    private static void Require(StoredTensor part, SafetensorsType type, long count)
    {
        if (part.Entry.Type != type || part.Entry.Shape.Length != 1 || part.Entry.Shape[0] != count)
        {
            string found = $"{part.Entry.Type.HeaderName()} {MessageText.Shape(part.Entry.Shape.Take(8))}";
            throw Fault(part, $"is {found}, where {type.HeaderName()} [{count}] belongs");
        }
    }

    private static ModelFormatException Fault(StoredTensor part, string what) =>
        new($"{part.File.Path}: {MessageText.Quote(part.Entry.Name)} {what}.");

    private readonly record struct Settings(int BlockSize, DType ValueType, int? NestedBlockSize, float? Offset);
}

/// <summary>A tensor and the file that holds it.</summary>
/// <param name="File">Open, and owned by the checkpoint.</param>
/// <param name="Entry">Name, type, shape and place of the tensor in it.</param>
internal readonly record struct StoredTensor(SafetensorsFile File, SafetensorsEntry Entry);
