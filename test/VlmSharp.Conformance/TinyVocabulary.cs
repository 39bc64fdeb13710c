using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Conformance;

/// <summary>
/// Writes tokenizer files for vocabularies that no golden file has: <c>&lt;pad&gt; &lt;eos&gt; &lt;bos&gt; &lt;unk&gt;</c>, the
/// 256 bytes, then the given pieces, from the best score to the worst.
/// </summary>
public static class TinyVocabulary
{
    public const int FirstId = 4 + 256;
    private const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;

    public static byte[] Model(params string[] pieces) => Model(pieces, modelType: 2, addsPrefix: false);

    public static byte[] Model(IReadOnlyList<string> pieces, byte modelType, bool addsPrefix)
    {
        var file = new List<byte>();
        foreach (string control in (string[])["<pad>", "<eos>", "<bos>"]) AddPiece(file, control, 0, Control);
        AddPiece(file, "<unk>", 0, Unknown);
        for (int value = 0; value < 256; value++) AddPiece(file, $"<0x{value:X2}>", 0, Byte);
        for (int i = 0; i < pieces.Count; i++) AddPiece(file, pieces[i], -i, Normal);
        file.AddRange([0x12, 2, 0x18, modelType]); // trainer_spec.model_type
        file.AddRange([0x1A, 4, 0x18, (byte)(addsPrefix ? 1 : 0), 0x20, 0]); // normalizer_spec
        return [.. file];
    }

    public static byte[] Json(string[] pieces, string[][] merges, bool mergesFirst = false, bool mergesAsText = false, string extra = "")
    {
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(v => $"<0x{v:X2}>");
        IEnumerable<string> all = ["<pad>", "<eos>", "<bos>", "<unk>", .. bytes, .. pieces];
        string vocab = "\"vocab\":{" + string.Join(',', all.Select((piece, id) => $"{JsonSerializer.Serialize(piece)}:{id}")) + "}";
        string list = string.Join(',', merges.Select(m =>
            mergesAsText ? JsonSerializer.Serialize($"{m[0]} {m[1]}") : JsonSerializer.Serialize(m)));
        string mergeList = $"\"merges\":[{list}]";
        string model = mergesFirst ? $"{mergeList},{vocab}" : $"{vocab},{mergeList}";
        return Encoding.UTF8.GetBytes($"{{{extra}\"added_tokens\":[],\"model\":{{\"type\":\"BPE\",\"byte_fallback\":true,{model}}}}}");
    }

    private static void AddPiece(List<byte> file, string piece, float score, byte type)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(piece);
        Span<byte> bits = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bits, score);
        if (utf8.Length > 100) throw new ArgumentException("Lengths are written as one byte.", nameof(piece));
        file.AddRange([0x0A, (byte)(2 + utf8.Length + 5 + 2), 0x0A, (byte)utf8.Length]);
        file.AddRange(utf8);
        file.Add(0x15);
        file.AddRange(bits);
        file.AddRange([0x18, type]);
    }
}
