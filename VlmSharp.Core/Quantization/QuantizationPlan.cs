using VlmSharp.Checkpoints;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>
/// Which tensors of a quantized model have which format. The decoder's matrices take the requested format, because every token reads all of
/// them. The embedding table, which is also the head, never has less than 8 bits, because each of its rows alone decides about one token.
/// With Nf4 the table is not quantized, as in QLoRA: bitsandbytes quantizes only linear layers. The vision tower and the projector are read
/// once per picture and are limited by arithmetic, so they are not quantized. Neither are biases and norms.
/// </summary>
internal static class QuantizationPlan
{
    /// <summary>The format of a tensor, or null if it is not quantized. That includes tensors whose rows do not fit the format.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <param name="rows">Rows; 1 for a vector.</param>
    /// <param name="columns">Numbers in a row, which are whole groups in a format that fits.</param>
    /// <param name="asked">Int8, Int4 or Nf4.</param>
    public static DType? FormatOf(string name, int rows, int columns, DType asked)
    {
        if (rows == 1 || !name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal)) return null;
        bool isTable = name is TensorNames.Embedding or TensorNames.Head;
        if (isTable && asked == DType.Nf4) return null;
        DType format = isTable ? DType.Int8 : asked;
        return format.Fits(columns) ? format : null;
    }

    /// <summary>How quantizing a model while it is loaded changes its memory.</summary>
    /// <param name="checkpoint">Open; a model that is quantized already is refused.</param>
    /// <param name="asked">Int8, Int4 or Nf4.</param>
    /// <returns>The bytes of the stored weights that are no longer needed, and of the quantized weights that replace them.</returns>
    /// <exception cref="RequestException">As in <see cref="Check"/>.</exception>
    public static (long Replaced, long Made) Bytes(Checkpoint checkpoint, DType asked)
    {
        Check(checkpoint, asked);
        long replaced = 0, made = 0;
        foreach (string name in checkpoint.Tensors.Keys)
        {
            WeightData data = checkpoint.Weight(name);
            if (FormatOf(name, data.Rows, data.Columns, asked) is not { } format) continue;
            replaced += data.ByteLength;
            if (name == TensorNames.Head && !checkpoint.HasSeparateHead) continue; // the table serves as the head
            made += format.ByteLength(data.Rows, data.Columns);
        }

        return (replaced, made);
    }

    /// <summary>Refuses what cannot be quantized, and counts what can.</summary>
    /// <param name="checkpoint">Open; a model that is quantized already is refused.</param>
    /// <param name="asked">Int8, Int4 or Nf4.</param>
    /// <returns>How many of the decoder's matrices are quantized.</returns>
    /// <exception cref="RequestException">
    /// The format is not a quantized one, the model is quantized already, or no matrix has rows of whole groups.
    /// </exception>
    public static QuantizationSummary Check(Checkpoint checkpoint, DType asked)
    {
        if (!asked.IsQuantized()) throw new RequestException($"{asked} is not a format to quantize to: give Int8, Int4 or Nf4.");
        DType[] already = [.. checkpoint.Tensors.Values.Select(t => t.DType).Where(type => type.IsQuantized()).Distinct().Order()];
        if (already.Length > 0)
        {
            // The table of an int4 model has 8 bits. The model is named after the format of the other matrices.
            throw new RequestException(
                $"{checkpoint.Directory} is quantized already ({already[^1]}): quantizing again would only lose more, so give the model "
                + "that it was made from, or use it as it is.");
        }

        IEnumerable<string> names = checkpoint.Tensors.Keys.Where(name => name != TensorNames.Head || checkpoint.HasSeparateHead);
        WeightData[] matrices = [.. names.Select(checkpoint.Weight).Where(IsMatrix)];
        int fit = matrices.Count(data => FormatOf(data.Name, data.Rows, data.Columns, asked) is not null);
        return fit > 0
            ? new QuantizationSummary(fit, matrices.Length)
            : throw new RequestException(
                $"{checkpoint.Directory} cannot be quantized to {asked}: the rows of a matrix must be {Rule(asked)}, "
                + $"and those of its decoder's {matrices.Length} matrices are not; use the model as it is.");

        static string Rule(DType asked) => asked == DType.Nf4
            ? "of an even length"
            : $"whole groups of {DType.Int8.GroupSize()} numbers for Int8, {DType.Int4.GroupSize()} for Int4";

        static bool IsMatrix(WeightData data) => data.Rows > 1 && data.Name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal);
    }
}
