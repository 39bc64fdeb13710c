using VlmSharp.Checkpoints;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>
/// Which tensors a quantized model stores how. The decoder's matrices take the format asked for: a token reads all of them.
/// The embedding table, which is the head too, never takes less than 8 bits: each of its rows decides about one token by itself.
/// With Nf4 the table stays as it is, as in QLoRA: bitsandbytes quantizes linear layers alone. The vision tower and the projector are read once a picture and bound by arithmetic, so they stay as they are, and so do
/// biases and norms.
/// </summary>
internal static class QuantizationPlan
{
    /// <summary>The format of a tensor, or null where it stays as it is: rows that do not fit stay too.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <param name="rows">Rows; 1 for a vector.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="asked">Int8, Int4 or Nf4.</param>
    public static DType? FormatOf(string name, int rows, int columns, DType asked)
    {
        if (rows == 1 || !name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal)) return null;
        bool isTable = name is TensorNames.Embedding or TensorNames.Head;
        if (isTable && asked == DType.Nf4) return null;
        DType format = isTable ? DType.Int8 : asked;
        return format.Fits(columns) ? format : null;
    }

    /// <summary>What quantizing a model while it is loaded does to its memory.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="asked">Int8, Int4 or Nf4.</param>
    /// <returns>Bytes of the stored weights that are not needed any more, and of those that are made of them.</returns>
    /// <exception cref="RequestException">As <see cref="Check"/>.</exception>
    public static (long Replaced, long Made) Bytes(Checkpoint checkpoint, DType asked)
    {
        Check(checkpoint, asked);
        long replaced = 0, made = 0;
        foreach (string name in checkpoint.Tensors.Keys)
        {
            WeightData data = checkpoint.Weight(name);
            if (FormatOf(name, data.Rows, data.Columns, asked) is not { } format) continue;
            replaced += data.ByteLength;
            if (name != TensorNames.Head || checkpoint.HasSeparateHead) made += format.ByteLength(data.Rows, data.Columns); // else the table is the head
        }

        return (replaced, made);
    }

    /// <summary>Refuses what cannot be quantized, and counts what can.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="asked">The format.</param>
    /// <returns>How many of the decoder's matrices are quantized.</returns>
    /// <exception cref="RequestException">The format is not a quantized one, the model is quantized already, or no matrix has rows of whole groups.</exception>
    public static QuantizationSummary Check(Checkpoint checkpoint, DType asked)
    {
        if (!asked.IsQuantized()) throw new RequestException($"{asked} is not a format to quantize to: give Int8, Int4 or Nf4.");
        DType[] already = [.. checkpoint.Tensors.Values.Select(t => t.DType).Where(type => type.IsQuantized()).Distinct().Order()];
        if (already.Length > 0)
        {
            // The table of an int4 model has 8 bits: the format of the other matrices is what the model is called after.
            throw new RequestException(
                $"{checkpoint.Directory} is quantized already ({already[^1]}): quantizing again would only lose more, so give the model "
                + "that it was made from, or use it as it is.");
        }

        WeightData[] matrices = [.. checkpoint.Tensors.Keys.Where(name => name != TensorNames.Head || checkpoint.HasSeparateHead).Select(checkpoint.Weight).Where(IsMatrix)];
        int fit = matrices.Count(data => FormatOf(data.Name, data.Rows, data.Columns, asked) is not null);
        return fit > 0
            ? new QuantizationSummary(fit, matrices.Length)
            : throw new RequestException($"{checkpoint.Directory} cannot be quantized to {asked}: the rows of a matrix must be {Rule(asked)}, and those of its decoder's {matrices.Length} matrices are not; use the model as it is.");

        static string Rule(DType asked) => asked == DType.Nf4
            ? "of an even length"
            : $"whole groups of {DType.Int8.GroupSize()} numbers for Int8, {DType.Int4.GroupSize()} for Int4";

        static bool IsMatrix(WeightData data) => data.Rows > 1 && data.Name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal);
    }
}
