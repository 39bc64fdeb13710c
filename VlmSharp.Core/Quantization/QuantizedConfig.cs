using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;

namespace VlmSharp.Quantization;

/// <summary>config.json of a quantized model: its source's file with an additional member that says how to read the weights.</summary>
internal static class QuantizedConfig
{
    private const string Key = "quantization_config", MatrixEnd = ".weight";

    /// <summary>Writes the file.</summary>
    /// <param name="source">The model that is quantized.</param>
    /// <param name="format">The new format of its decoder.</param>
    public static byte[] Write(Checkpoint source, DType format)
    {
        byte[] before = CheckpointFolder.ReadSmall(Path.Combine(source.Directory, CheckpointFolder.ConfigName));
        using JsonDocument config = JsonDocument.Parse(before);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in config.RootElement.EnumerateObject())
                if (member.Name != Key) member.WriteTo(json);
            json.WriteStartObject(Key);
            if (format == DType.Nf4) WriteBitsAndBytes(json, source);
            else
            {
                json.WriteString("quant_method", TensorNames.QuantizationMethod);
                json.WriteString("format", format.ToString().ToLowerInvariant());
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // In transformers' format. The modules to skip are those that are not quantized, given by names or parts of names.
    private static void WriteBitsAndBytes(Utf8JsonWriter json, Checkpoint source)
    {
        IEnumerable<string> names = source.Tensors.Keys.Where(name => name.StartsWith(TensorNames.Decoder, StringComparison.Ordinal));
        WeightData[] matrices = [.. names.Select(source.Weight).Where(m => m.Rows > 1)];
        WeightData quantized = matrices.First(m => FormatOf(m) is not null);
        json.WriteString("quant_method", BitsAndBytes.Method);
        json.WriteBoolean("load_in_4bit", true);
        json.WriteBoolean("load_in_8bit", false);
        json.WriteString("bnb_4bit_quant_type", "nf4");
        json.WriteBoolean("bnb_4bit_use_double_quant", true);
        json.WriteString("bnb_4bit_compute_dtype", Nf4Tensors.NameOf(quantized.DType));
        json.WriteString("bnb_4bit_quant_storage", "uint8");
        json.WriteStartArray("llm_int8_skip_modules");
        foreach (string module in new[] { "vision_tower", "multi_modal_projector", "lm_head" }) json.WriteStringValue(module);
        foreach (WeightData matrix in matrices.Where(m => FormatOf(m) is null && m.Name is not (TensorNames.Embedding or TensorNames.Head)))
            json.WriteStringValue(matrix.Name[..^MatrixEnd.Length]);
        json.WriteEndArray();

        static DType? FormatOf(in WeightData m) => QuantizationPlan.FormatOf(m.Name, m.Rows, m.Columns, DType.Nf4);
    }
}
