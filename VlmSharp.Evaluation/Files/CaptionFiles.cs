using VlmSharp.Evaluation.Captions;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Files;

/// <summary>
/// COCO's caption files (cocodataset.org/#format-results and #format-data): results are <c>[{"image_id", "caption"}]</c>, references
/// <c>{"annotations": [{"image_id", "caption"}]}</c>, or a list like the results, as big_vision writes them.
/// </summary>
internal static class CaptionFiles
{
    private const string Annotations = "annotations", ImageId = "image_id", Caption = "caption";

    /// <summary>Reads results.</summary>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static List<Prediction> ReadPredictions(string path)
    {
        var predictions = new List<Prediction>();
        OfficialFile.Read(path, [], o => predictions.Add(new Prediction(OfficialFile.Id(o, ImageId), OfficialFile.Text(o, Caption))));
        return predictions;
    }

    /// <summary>Reads references: each picture's captions. Pictures are in the order of their first captions.</summary>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static OrderedDictionary<string, List<string>> ReadReferences(string path)
    {
        var references = new OrderedDictionary<string, List<string>>(StringComparer.Ordinal);
        OfficialFile.Read(path, [Annotations], o =>
        {
            string id = OfficialFile.Id(o, ImageId), caption = OfficialFile.Text(o, Caption);
            if (!references.TryGetValue(id, out List<string>? captions)) references.Add(id, captions = []);
            if (captions.Count == DataLimits.Suffixes)
                throw new FormatException($"picture {MessageText.Quote(id)} has more than {DataLimits.Suffixes} captions");
            captions.Add(caption);
        });
        return references;
    }

    /// <summary>Pairs the captions of both files by picture.</summary>
    public static Pairing<CaptionCase> Pair(string predictions, string references, bool allowPartial)
    {
        OrderedDictionary<string, List<string>> captions = ReadReferences(references);
        return Pairing.Of(
            new PairedFiles(predictions, references, "picture", allowPartial), ReadPredictions(predictions), captions.Keys,
            (id, text) => new CaptionCase(id, text, captions[id]));
    }
}
