using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace VlmSharp.Formats;

/// <summary>
/// The JSON at the start of a safetensors file, checked completely: after <see cref="Parse"/> every entry lies
/// inside the data, its shape fills its bytes exactly, and the entries cover the data without gap or overlap.
/// </summary>
/// <param name="Entries">The tensors in the order of their bytes; offsets count from the start of the data.</param>
/// <param name="Metadata">The free texts under <c>__metadata__</c>.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries,
    IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The limit on the bytes of JSON, as in the reference implementation.</summary>
    public const int MostBytes = 100_000_000;

    /// <summary>Parses and checks a header.</summary>
    /// <param name="json">The bytes after the length.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <param name="path">The file, for messages.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string path)
    {
        // The format requires this, so that a header cannot pass for another kind of file.
        if (json.IsEmpty || json[0] != (byte)'{') throw Damaged(path, "its header does not start with '{'");
        try
        {
            SafetensorsHeader header = new HeaderReader(path).Read(json);
            CheckCoverage(header.Entries, dataLength, path);
            return header;
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(
                $"{path} is not a valid safetensors file: its header is not well-formed JSON: {MessageText.Sentence(e.Message)}", e);
        }
        catch (InvalidOperationException e)
        {
            // The reader throws this for text that is not UTF-8 or holds a lone surrogate escape.
            throw new ModelFormatException($"{path} is not a valid safetensors file: its header holds text that is not valid Unicode.", e);
        }
    }

    /// <summary>An error about a file: <paramref name="what"/> says what is wrong with it.</summary>
    public static ModelFormatException Damaged(string path, string what) =>
        new($"{path} is not a valid safetensors file: {what}; it may be cut short or damaged, so copy or download it again.");

    private static void CheckCoverage(IReadOnlyList<SafetensorsEntry> entries, long dataLength, string path)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Offset != end)
            {
                string fault = entry.Offset > end ? "leave a gap before" : "overlap at";
                throw Damaged(path, $"its tensors {fault} {MessageText.Quote(entry.Name)} (bytes from {entry.Offset}, expected {end})");
            }
            end = entry.Offset + entry.ByteLength;
        }
        if (end != dataLength)
            throw Damaged(path, $"its header describes {end} bytes of tensors and {dataLength} bytes follow it");
    }

    /// <summary>One pass over the JSON.</summary>
    private sealed class HeaderReader(string path)
    {
        private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
        private Dictionary<string, string>? metadata;

        public SafetensorsHeader Read(ReadOnlySpan<byte> json)
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (NextProperty(ref reader, out string name))
            {
                if (name == "__metadata__")
                {
                    if (metadata is not null) throw Damaged(path, "it has two '__metadata__' sections");
                    metadata = ReadMetadata(ref reader);
                    continue;
                }
                SafetensorsEntry entry = ReadEntry(ref reader, name);
                if (!entries.TryAdd(name, entry)) throw Damaged(path, $"it names {MessageText.Quote(name)} twice");
            }
            // Allows the spaces that pad the header and refuses anything else.
            while (reader.Read()) { }

            // An empty tensor may begin at the same byte as the next one; it comes first.
            SafetensorsEntry[] ordered = [.. entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.ByteLength)];
            return new SafetensorsHeader(ordered, metadata ?? []);
        }

        private Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader)
        {
            var texts = new Dictionary<string, string>(StringComparer.Ordinal);
            Expect(reader.TokenType == JsonTokenType.StartObject, "'__metadata__' is not an object");
            while (NextProperty(ref reader, out string key))
            {
                Expect(reader.TokenType == JsonTokenType.String, $"the metadata {MessageText.Quote(key)} is not a text");
                Expect(texts.TryAdd(key, reader.GetString()!), $"it has the metadata {MessageText.Quote(key)} twice");
            }
            return texts;
        }

        private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
        {
            string quoted = MessageText.Quote(name);
            SafetensorsType? type = null;
            List<long>? shape = null, span = null;
            Expect(reader.TokenType == JsonTokenType.StartObject, $"the entry {quoted} is not an object");
            while (NextProperty(ref reader, out string key))
            {
                switch (key)
                {
                    case "dtype" when type is null:
                        Expect(reader.TokenType == JsonTokenType.String, $"the dtype of {quoted} is not a text");
                        type = SafetensorsTypes.Parse(reader.GetString()!) ?? throw new ModelFormatException(
                            $"{path} holds {quoted} as {MessageText.Quote(reader.GetString()!)}, a type that VlmSharp does not read; "
                            + "weights are read as F32, BF16 or F16.");
                        break;
                    case "shape" when shape is null:
                        shape = ReadNumbers(ref reader, quoted);
                        break;
                    case "data_offsets" when span is null:
                        span = ReadNumbers(ref reader, quoted);
                        break;
                    default:
                        throw Damaged(path, $"the entry {quoted} has an unexpected or repeated key {MessageText.Quote(key)}");
                }
            }
            if (type is null || shape is null || span is not [long begin, long end])
                throw Damaged(path, $"the entry {quoted} lacks its dtype, its shape or its two data_offsets");
            if (begin > end) throw Damaged(path, $"the bytes of {quoted} end ({end}) before they begin ({begin})");
            if (ByteLength(shape, type.Value) != end - begin)
            {
                throw Damaged(path,
                    $"{quoted} has shape {MessageText.Shape(shape.Take(8))} of {type.Value.HeaderName()}, "
                    + $"which does not fill its {end - begin} bytes");
            }
            ImmutableArray<long> dimensions = ImmutableCollectionsMarshal.AsImmutableArray(shape.ToArray());
            return new SafetensorsEntry(name, type.Value, dimensions, begin, end - begin);
        }

        /// <summary>Bytes of a tensor, or -1 if the number does not fit in 63 bits.</summary>
        private static long ByteLength(List<long> shape, SafetensorsType type)
        {
            Int128 bytes = type.Size();
            foreach (long dimension in shape)
            {
                bytes *= dimension;
                if (bytes > long.MaxValue) return shape.Contains(0) ? 0 : -1;
            }
            return (long)bytes;
        }

        private List<long> ReadNumbers(ref Utf8JsonReader reader, string quoted)
        {
            var numbers = new List<long>();
            Expect(reader.TokenType == JsonTokenType.StartArray, $"the shape or data_offsets of {quoted} is not a list");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Expect(
                    reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && AddNatural(numbers, number),
                    $"the shape or data_offsets of {quoted} holds something other than whole numbers from 0 to 2^63");
            }
            return numbers;
        }

        private static bool AddNatural(List<long> numbers, long number)
        {
            numbers.Add(number);
            return number >= 0;
        }

        /// <summary>Moves to the next property's value; false at the end of the object.</summary>
        private static bool NextProperty(ref Utf8JsonReader reader, out string name)
        {
            name = "";
            reader.Read();
            if (reader.TokenType == JsonTokenType.EndObject) return false;
            name = reader.GetString()!;
            reader.Read();
            return true;
        }

        private void Expect(bool holds, string otherwise)
        {
            if (!holds) throw Damaged(path, otherwise);
        }
    }
}
