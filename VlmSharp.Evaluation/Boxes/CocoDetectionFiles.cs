using System.Text.Json;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// Detections and ground truth in COCO's own files (cocodataset.org/#format-results and #format-data): results <c>[{"image_id",
/// "category_id", "bbox", "score"}]</c>, and instances with <c>images</c>, <c>categories</c> and <c>annotations</c>. Ids are numbers or
/// texts; 7 and "7" are the same. Members that the metric does not need may be absent. Without <c>area</c>, the box's area is used; without
/// a crowd flag, nothing is a crowd; without <c>images</c>, the pictures are those with boxes.
/// </summary>
internal sealed class CocoDetectionFiles
{
    private const int ShownIds = 10;

    private readonly string predictions, references;
    private readonly Dictionary<(string Image, string Category), List<TrueBox>> truth = [];
    private readonly Dictionary<(string Image, string Category), List<ScoredBox>> found = [];
    private readonly HashSet<string> images = new(StringComparer.Ordinal), categories = new(StringComparer.Ordinal);
    private readonly SortedSet<string> unknownImages = new(IdOrder.Instance);
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private bool hasImages;

    private CocoDetectionFiles(string predictions, string references) => (this.predictions, this.references) = (predictions, references);

    /// <summary>Pictures in the references.</summary>
    public int Images => images.Count;

    /// <summary>Annotations that are not crowds.</summary>
    public int Things { get; private set; }

    /// <summary>Detections that were read.</summary>
    public int Detections { get; private set; }

    /// <summary>Detections of categories without things in the references. They do not affect the score.</summary>
    public int DetectionsWithoutThings { get; private set; }

    /// <summary>The metric with all entries added.</summary>
    public DetectionMetric Metric { get; } = new();

    /// <summary>Reads both files.</summary>
    /// <param name="predictions">Path of the results.</param>
    /// <param name="references">Path of the instances.</param>
    /// <returns>The content of both files.</returns>
    /// <exception cref="TrainingDataException">
    /// A file cannot be read, is damaged, or has an entry that cannot be used; or there are detections of unknown pictures.
    /// </exception>
    public static CocoDetectionFiles Read(string predictions, string references)
    {
        var files = new CocoDetectionFiles(predictions, references);
        files.ReadReferences();
        files.ReadPredictions();
        files.AddAll();
        return files;
    }

    /// <summary>A category's name, or its id if the references do not name it.</summary>
    public string NameOf(string category) => names.GetValueOrDefault(category, category);

    private void ReadReferences()
    {
        HashSet<string> members = new JsonFile(references).Read(
            new Dictionary<string, Action<JsonElement, Range>>
            {
                [CocoImages.Images] = (o, _) => AddImage(o),
                [CocoImages.Categories] = (o, _) => AddCategory(o),
                [CocoImages.Annotations] = (o, _) => AddThing(o),
            },
            Refuse);
        if (!members.Contains(CocoImages.Annotations))
            throw new TrainingDataException(
                $"{references} has no \"annotations\": give COCO's instances, "
                + "whose annotations have \"image_id\", \"category_id\" and \"bbox\".");
        hasImages = members.Contains(CocoImages.Images);
        // The lists may come in any order, so this is known only at the end.
        string[] unlisted = hasImages
            ? [.. truth.Keys.Select(key => key.Image).Where(id => !images.Contains(id)).Distinct().Order(IdOrder.Instance)]
            : [];
        if (unlisted.Length > 0)
            throw new TrainingDataException($"{references} has annotations of images that are not in its \"images\": {List(unlisted)}.");
        foreach ((string image, string category) in truth.Keys)
        {
            images.Add(image);
            categories.Add(category);
        }
    }

    private void ReadPredictions()
    {
        new JsonFile(predictions).ReadEntries((o, _) => AddDetection(o), Refuse);
        if (unknownImages.Count > 0)
            throw new TrainingDataException(
                $"{predictions} has detections of images that {references} does not have: {List([.. unknownImages])}. "
                + "Give the references of the same pictures, or take these detections out.");
    }

    private void AddImage(JsonElement o)
    {
        if (!images.Add(OfficialFile.Id(o, "id")))
            throw new FormatException($"the id {Shown(OfficialFile.Id(o, "id"))} is that of another picture too");
    }

    private void AddCategory(JsonElement o)
    {
        string id = OfficialFile.Id(o, "id");
        if (!categories.Add(id)) throw new FormatException($"the id {Shown(id)} is that of another category too");
        if (JsonFields.Text(o, "name") is { } name) names[id] = name;
    }

    private void AddThing(JsonElement o)
    {
        TrueBox thing = Thing(o);
        List<TrueBox> list = ListOf(truth, o);
        if (list.Count == DataLimits.Boxes)
            throw new FormatException($"its picture has more than {DataLimits.Boxes} things of one category");
        list.Add(thing);
        if (!thing.IsCrowd) Things++;
    }

    /// <summary>Reads an annotation as a thing.</summary>
    /// <exception cref="FormatException">The annotation is not valid.</exception>
    internal static TrueBox Thing(JsonElement o)
    {
        CocoBox box = Box(o);
        double area = box.Area;
        if (JsonFields.TryGet(o, "area", out JsonElement stated)) area = Number(stated, "area");
        if (area < 0) throw new FormatException("\"area\" is below 0");
        return new TrueBox(box, area, CocoInstancesReader.IsCrowd(o));
    }

    private void AddDetection(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "score", out JsonElement score)) throw new FormatException("it has no \"score\"");
        List<ScoredBox> list = ListOf(found, o);
        list.Add(new ScoredBox(Box(o), Number(score, "score")));
        Detections++;
        string image = OfficialFile.Id(o, "image_id");
        if (images.Contains(image)) return;
        if (hasImages) unknownImages.Add(image);
        else images.Add(image); // if no pictures are listed, this is one without things
    }

    private void AddAll()
    {
        HashSet<string> withThings =
            [.. truth.Where(entry => entry.Value.Exists(thing => !thing.IsCrowd)).Select(entry => entry.Key.Category)];
        foreach ((string Image, string Category) key in truth.Keys.Union(found.Keys))
        {
            List<ScoredBox> boxes = found.GetValueOrDefault(key, []);
            if (!withThings.Contains(key.Category)) DetectionsWithoutThings += boxes.Count;
            Metric.Add(key.Image, key.Category, truth.GetValueOrDefault(key, []), boxes);
        }
    }

    private static List<T> ListOf<T>(Dictionary<(string, string), List<T>> lists, JsonElement o)
    {
        (string, string) key = (OfficialFile.Id(o, "image_id"), OfficialFile.Id(o, "category_id"));
        if (!lists.TryGetValue(key, out List<T>? list)) lists.Add(key, list = []);
        return list;
    }

    /// <summary>Reads the member "bbox" of an entry.</summary>
    /// <exception cref="FormatException">The box is missing or not valid.</exception>
    internal static CocoBox Box(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "bbox", out JsonElement list)) throw new FormatException("it has no \"bbox\"");
        double[] box = JsonFields.Numbers(list, "bbox", count: 4, most: 4); // left, top, width, height
        if (box.Any(number => Math.Abs(number) > 2.0 * DataLimits.Side))
            throw new FormatException("\"bbox\" is far outside of any picture");
        if (box[2] < 0 || box[3] < 0) throw new FormatException("\"bbox\" has a negative width or height: it is [x, y, width, height]");
        return new CocoBox(box[0], box[1], box[2], box[3]);
    }

    /// <summary>A finite number.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static double Number(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"\"{name}\" is not a number");

    private static void Refuse(string place, string what) => throw new TrainingDataException(new DataFault(place, what).ToString());

    private static string List(IReadOnlyList<string> ids) => MessageText.List([.. ids.Select(Shown)], ShownIds);

    private static string Shown(string id) => MessageText.Sentence(id);
}
