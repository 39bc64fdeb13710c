using System.Text.Json;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>The pictures of COCO's instances, in the file's order, with their things, including crowds.</summary>
internal sealed class CocoTruth
{
    private const int ShownIds = 10;

    private readonly Dictionary<string, List<(string Category, TrueBox Box)>> things = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> images = new(StringComparer.Ordinal), categories = new(StringComparer.Ordinal);

    /// <summary>The ids and files of the pictures.</summary>
    public IEnumerable<KeyValuePair<string, string>> Images => images;

    /// <summary>The names of all categories, in the file's order.</summary>
    public IReadOnlyList<string> Labels => [.. categories.Values];

    /// <summary>The id of each category's name.</summary>
    public IReadOnlyDictionary<string, string> Ids => categories.ToDictionary(c => c.Value, c => c.Key, StringComparer.Ordinal);

    /// <summary>Reads a file.</summary>
    /// <exception cref="TrainingDataException">It cannot be read or used.</exception>
    public static CocoTruth Read(string path, string folder)
    {
        var truth = new CocoTruth();
        new JsonFile(path).Read(
            new Dictionary<string, Action<JsonElement, Range>>
            {
                [CocoImages.Images] = (o, _) => truth.AddImage(o, folder),
                [CocoImages.Categories] = (o, _) => truth.AddCategory(o),
                [CocoImages.Annotations] = (o, _) => truth.AddThing(o),
            },
            (where, what) => throw new TrainingDataException(new DataFault(where, what).ToString()));
        if (truth.images.Count == 0) throw new TrainingDataException($"{path} has no \"images\", which say what the pictures' files are.");
        string[] unlisted =
            [.. truth.things.Keys.Where(id => !truth.images.ContainsKey(id)).Order(IdOrder.Instance).Select(MessageText.Quote)];
        if (unlisted.Length > 0)
            throw new TrainingDataException(
                $"{path} has annotations of images that are not in its \"images\": {MessageText.List(unlisted, ShownIds)}.");
        IEnumerable<(string Category, TrueBox Box)> all = truth.things.Values.SelectMany(list => list);
        if (all.FirstOrDefault(t => !truth.categories.ContainsKey(t.Category)) is { Category: { } stray })
            throw new TrainingDataException(
                $"{path} has a thing of category {MessageText.Quote(stray)}, which is not in its \"categories\".");
        return truth;
    }

    /// <summary>The things of a picture.</summary>
    public LabeledTruth[] ThingsOf(string image) =>
        [.. things.GetValueOrDefault(image, []).Select(t => new LabeledTruth(categories[t.Category], t.Box))];

    private void AddImage(JsonElement o, string folder)
    {
        string id = OfficialFile.Id(o, "id");
        if (!images.TryAdd(id, ImagePaths.Join(folder, JsonFields.RequiredText(o, "file_name"))))
            throw new FormatException($"the id {MessageText.Quote(id)} is that of another picture too");
    }

    private void AddCategory(JsonElement o)
    {
        string name = JsonFields.RequiredText(o, "name").Trim();
        if (name.Length == 0 || name.AsSpan().ContainsAny('<', '>', ';') || categories.ContainsValue(name))
            throw new FormatException(
                $"the category {MessageText.Quote(name)} cannot be asked for: a name has letters, no < > or ;, and is there once");
        string id = OfficialFile.Id(o, "id");
        if (!categories.TryAdd(id, name)) throw new FormatException($"the id {MessageText.Quote(id)} is that of another category too");
    }

    private void AddThing(JsonElement o)
    {
        string image = OfficialFile.Id(o, "image_id");
        if (!things.TryGetValue(image, out List<(string, TrueBox)>? list)) things.Add(image, list = []);
        if (list.Count == DataLimits.Boxes) throw new FormatException($"its picture has more than {DataLimits.Boxes} things");
        list.Add((OfficialFile.Id(o, "category_id"), CocoDetectionFiles.Thing(o)));
    }
}
