using VlmSharp.Evaluation.Boxes;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>Makes questions for the things of COCO's instances.</summary>
internal static class CocoQuestions
{
    /// <summary>Reads a file of instances.</summary>
    /// <param name="path">A file of COCO's instances, such as <c>instances_val2017.json</c>.</param>
    /// <param name="folder">The folder of its pictures.</param>
    /// <param name="how">Which categories are asked for together.</param>
    /// <param name="prefix">One question for all categories, such as <c>detect all classes</c>, whose boxes may have any label; or
    /// null.</param>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static List<EvaluationItem> Read(string path, string folder, CategoryQuestions how, string? prefix)
    {
        DataFormat format = FormatDetector.Detect(path);
        if (format != DataFormat.CocoInstances)
            throw new TrainingDataException(
                $"{path} holds {DataFormats.NameOf(format)}, not instances of COCO: give --annotations instances_val2017.json.");
        CocoTruth truth = CocoTruth.Read(path, folder);
        var items = new List<EvaluationItem>();
        foreach ((string id, string file) in truth.Images)
        {
            LabeledTruth[] here = truth.ThingsOf(id);
            if (prefix is not null)
            {
                string thing = prefix[(prefix.IndexOf(' ', StringComparison.Ordinal) + 1)..];
                items.Add(Item(id, id, file, prefix, [thing], here) with { AnyLabel = true });
            }
            else if (how == CategoryQuestions.All)
            {
                items.Add(Item(id, id, file, $"detect {string.Join(" ; ", truth.Labels)}", truth.Labels, here));
            }
            else
            {
                IEnumerable<string> asked = how == CategoryQuestions.Each
                    ? truth.Labels
                    : here.Select(t => t.Label).Distinct(StringComparer.Ordinal);
                foreach (string label in asked)
                    items.Add(Item($"{id} {label}", id, file, $"detect {label}", [label], [.. here.Where(t => t.Label == label)]));
            }
        }

        return items;
    }

    private static EvaluationItem Item(
        string id, string image, string file, string prompt, IReadOnlyList<string> things, LabeledTruth[] truth) =>
        new(id, [file], prompt, []) { ImageId = image, Things = things, Truth = truth };
}
