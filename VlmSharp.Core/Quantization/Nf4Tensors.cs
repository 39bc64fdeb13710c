using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Quantization;

/// <summary>The tensors that bitsandbytes stores beside the elements of an NF4 matrix (<see cref="BitsAndBytes"/> reads them).</summary>
internal static class Nf4Tensors
{
    /// <summary>The tensors beside X.weight. They do not refer to the matrix, which may be disposed of.</summary>
    /// <param name="matrix">An Nf4 matrix with quantized scales; any other is an <see cref="ArgumentException"/>.</param>
    public static IEnumerable<TensorToWrite> Beside(QuantizedMatrix matrix)
    {
        WeightData data = matrix.Data;
        DoubleQuantization scales = matrix.QuantizedScales
            ?? throw new ArgumentException($"{data.Name} is not an Nf4 matrix.", nameof(matrix));
        yield return Bytes(BitsAndBytes.Scales, scales.Codes);
        yield return Bytes(BitsAndBytes.State, Encoding.UTF8.GetBytes(State(data, scales.Offset)));
        yield return Numbers(BitsAndBytes.Code, Nf4.Code.ToArray());
        yield return Numbers(BitsAndBytes.NestedScales, scales.NestedScales);
        yield return Numbers(BitsAndBytes.NestedMap, DoubleQuantization.Map);

        TensorToWrite Bytes(string suffix, byte[] bytes) =>
            new(data.Name + suffix, SafetensorsType.U8, [bytes.Length], stream => stream.Write(bytes));

        TensorToWrite Numbers(string suffix, float[] numbers) =>
            new(data.Name + suffix, SafetensorsType.F32, [numbers.Length], stream => stream.Write(MemoryMarshal.AsBytes(numbers.AsSpan())));
    }

    /// <summary>The name of a number format in PyTorch.</summary>
    public static string NameOf(DType type) => type switch { DType.BF16 => "bfloat16", DType.F16 => "float16", _ => "float32" };

    // Exactly as Python writes it, byte for byte.
    private static string State(in WeightData data, float offset) =>
        $"{{\"quant_type\": \"nf4\", \"blocksize\": {Nf4.BlockSize}, \"dtype\": \"{NameOf(data.ValueType)}\", "
        + $"\"shape\": [{data.Rows}, {data.Columns}], "
        + $"\"nested_blocksize\": {DoubleQuantization.BlockSize}, \"nested_dtype\": \"float32\", \"nested_offset\": {Python(offset)}}}";

    // The shortest text of the double, with a decimal point or an exponent.
    private static string Python(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        return text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }
}
