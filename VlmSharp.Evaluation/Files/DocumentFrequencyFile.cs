using System.Text.Json;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Files;

/// <summary>
/// The corpus for CIDEr's weights, if it is not the scored one: a file of references whose n-grams are counted, or existing counts,
/// <c>{"pictures": 40504, "document_frequencies": {"a cat": 812}}</c>.
/// </summary>
internal static class DocumentFrequencyFile
{
    private const string Pictures = "pictures", Frequencies = "document_frequencies";

    /// <summary>Reads references or counts.</summary>
    /// <param name="path">A file of captions by picture, or of counts by words.</param>
    /// <param name="tokenization">How the words of references are found; counts already have words.</param>
    /// <exception cref="TrainingDataException">The file is neither.</exception>
    public static DocumentFrequencies Read(string path, CaptionTokenization tokenization)
    {
        if (ReadCounts(path) is { } counts) return counts;
        var frequencies = new DocumentFrequencies();
        foreach ((string id, List<string> captions) in CaptionFiles.ReadReferences(path))
            frequencies.Add(new CaptionCase(id, "", captions).Tokenize(tokenization).References);
        return frequencies.Pictures > 0 ? frequencies
            : throw new TrainingDataException($"{path} has no caption: CIDEr can take no weights from it.");
    }

    /// <summary>Writes counts.</summary>
    public static void Write(DocumentFrequencies frequencies, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteNumber(Pictures, frequencies.Pictures);
        json.WriteStartObject(Frequencies);
        foreach ((string ngram, long count) in frequencies.Counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteNumber(ngram, count);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The counts, or null if the file has none.</summary>
    private static DocumentFrequencies? ReadCounts(string path)
    {
        byte[] bytes = DataFile.ReadAll(path, DataLimits.JsonBytes);
        try
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            long? pictures = null;
            Dictionary<string, long>? counts = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (name == Pictures) pictures = Count(ref reader, path);
                else if (name == Frequencies && reader.TokenType == JsonTokenType.StartObject) counts = Counts(ref reader, path);
                else reader.Skip();
            }

            return counts is null ? null
                : pictures is > 0 && counts.Values.All(count => count <= pictures) ? new DocumentFrequencies(pictures.Value, counts)
                : throw new TrainingDataException($"{path} has no \"{Pictures}\", or an n-gram in more pictures than that.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // the caption reader then says what is wrong with the file
        }
    }

    private static Dictionary<string, long> Counts(ref Utf8JsonReader reader, string path)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string ngram = reader.GetString()!;
            reader.Read();
            counts[ngram] = Count(ref reader, path);
        }

        return counts;
    }

    private static long Count(ref Utf8JsonReader reader, string path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long count) && count >= 0 ? count
        : throw new TrainingDataException($"{path} has a count that is no whole number from 0.");
}
