using System.Text;
using System.Text.Json;
using VlmSharp.Compute.Sampling;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>
/// COCO instances: each picture is an example. Its answer lists its objects in PaliGemma's format,
/// <c>&lt;loc y1&gt;&lt;loc x1&gt;&lt;loc y2&gt;&lt;loc x2&gt; name ; ...</c>, with 16 segmentation tokens after the location tokens if
/// masks are
/// wanted. Boxes keep the file's order. With <see cref="DataOptions.AbsentClasses"/> each class is an example of its own, and some absent
/// classes are added with an empty answer. Crowds and boxes without area are left out.
/// </summary>
internal sealed class CocoInstancesReader
{
    private readonly string path;
    private readonly DataOptions options;
    private readonly ExampleCollector found;
    private readonly JsonFile file;
    private readonly CocoImages images;
    private readonly Dictionary<long, string> names = [];
    private readonly List<Thing> things = [];
    private readonly HashSet<(long Image, long Category)> unboxed = []; // there, though without a box to learn

    private const int DrawsForAbsent = 20; // for each class that is to be found

    private readonly record struct Asked(int Image, string[] Labels, List<Thing> Things);

    private readonly record struct Thing(long Image, long Category, Box Box, Range Entry);

    private CocoInstancesReader(string path, DataOptions options, ExampleCollector found)
    {
        (this.path, this.options, this.found) = (path, options, found);
        images = new CocoImages(options.ImageFolder ?? found.Root);
        file = new JsonFile(path);
        file.Read(
            new Dictionary<string, Action<JsonElement, Range>>
            {
                [CocoImages.Images] = (o, _) => images.Add(o),
                [CocoImages.Categories] = (o, _) => AddCategory(o),
                [CocoImages.Annotations] = AddThing,
            },
            found.Fault);
    }

    /// <summary>Reads the file.</summary>
    public static List<TrainingExample> Read(string path, DataOptions options, ExampleCollector found) =>
        new CocoInstancesReader(path, options, found).Examples();

    private void AddCategory(JsonElement o)
    {
        long id = JsonFields.Whole(o, "id");
        string name = JsonFields.RequiredText(o, "name").Trim();
        if (name.Length == 0 || name.AsSpan().ContainsAny('<', '>', ';'))
            throw new FormatException(
                $"a category is called {MessageText.Quote(name)}: a name has letters, and no < > or ;, which part the things of an answer");
        if (!names.TryAdd(id, name)) throw new FormatException($"the id {id} is that of another category too");
    }

    private void AddThing(JsonElement o, Range entry)
    {
        long image = JsonFields.Whole(o, "image_id"), category = JsonFields.Whole(o, "category_id");
        if (IsCrowd(o))
        {
            if (options.AbsentClasses is not null) unboxed.Add((image, category));
            found.LeaveOut("crowds");
            return;
        }

        if (!JsonFields.TryGet(o, "bbox", out JsonElement list)) throw new FormatException("it has no \"bbox\"");
        double[] box = JsonFields.Numbers(list, "bbox", count: 4, most: 4); // left, top, width, height
        if (box.Any(number => Math.Abs(number) > 2.0 * DataLimits.Side))
            throw new FormatException("\"bbox\" is far outside of any picture");
        var edges = new Box((float)box[0], (float)box[1], (float)(box[0] + box[2]), (float)(box[1] + box[3]));
        if (box[2] > 0 && box[3] > 0) things.Add(new Thing(image, category, edges, entry));
        else
        {
            if (options.AbsentClasses is not null) unboxed.Add((image, category));
            found.LeaveOut("boxes without area");
        }
    }

    /// <summary>Whether an annotation is a region of many things.</summary>
    internal static bool IsCrowd(JsonElement o) => JsonFields.TryGet(o, "iscrowd", out JsonElement crowd) && crowd.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => crowd.GetBoolean(),
        JsonValueKind.Number => crowd.GetDouble() != 0,
        _ => throw new FormatException("\"iscrowd\" is neither 0 nor 1"),
    };

    private List<TrainingExample> Examples()
    {
        Asked[] asked = [.. Questions(ThingsByImage())];
        var made = new (string Suffix, string? Fault)[asked.Length];
        // The mask network takes milliseconds for each mask.
        var threads = new ParallelOptions { MaxDegreeOfParallelism = options.MaskEncoder is null ? 1 : Environment.ProcessorCount };
        Parallel.For(0, asked.Length, threads, i => made[i] = Answer(images.All[asked[i].Image], asked[i].Things));
        var examples = new List<TrainingExample>();
        for (int i = 0; i < asked.Length; i++)
        {
            CocoImage image = images.All[asked[i].Image];
            if (made[i].Fault is { } fault) found.Fault($"{path} (image {image.Id})", fault);
            else examples.Add(Example(image, made[i].Suffix, asked[i].Labels));
        }

        return examples;
    }

    /// <summary>The questions about the pictures: either all objects at once, or one class at a time plus some absent classes.</summary>
    private IEnumerable<Asked> Questions(List<Thing>[] byImage)
    {
        for (int i = 0; i < byImage.Length; i++)
        {
            List<Thing> here = byImage[i];
            string[] labels = [.. here.Select(thing => names[thing.Category]).Distinct()];
            if (options.AbsentClasses is not { } absent)
            {
                if (labels.Length > 0) yield return new Asked(i, labels, here);
                else found.LeaveOut("pictures without a box");
                continue;
            }

            foreach (string label in labels) yield return new Asked(i, [label], [.. here.Where(thing => names[thing.Category] == label)]);
            string[] unclear = [.. unboxed.Count == 0
                ? []
                : names.Where(name => unboxed.Contains((images.All[i].Id, name.Key))).Select(name => name.Value)];
            foreach (string label in Absent(i, [.. labels, .. unclear], absent)) yield return new Asked(i, [label], []);
        }
    }

    /// <summary>
    /// Classes that are not in a picture. Each is drawn as often as the data have objects of it. Otherwise a model would be asked for a
    /// rare class mostly in pictures without it, and would learn never to find it.
    /// </summary>
    private List<string> Absent(int image, string[] present, int count)
    {
        var drawn = new List<string>();
        long position = (long)image * count * DrawsForAbsent;
        for (int i = 0; i < count * DrawsForAbsent && drawn.Count < count && things.Count > 0; i++)
        {
            Thing thing = things[(int)(CounterRandom.Uniform(seed: 0, position++) * things.Count)];
            if (names.TryGetValue(thing.Category, out string? label) && !present.Contains(label) && !drawn.Contains(label))
                drawn.Add(label);
        }

        return drawn;
    }

    private TrainingExample Example(CocoImage image, string suffix, string[] labels)
    {
        string prefix = options.Prefix ?? (options.MaskEncoder is null ? "detect {labels}" : "segment {labels}");
        var example = new TrainingExample
        {
            Images = [image.Path],
            Prefix = prefix.Replace("{labels}", string.Join(" ; ", labels), StringComparison.Ordinal),
            Suffixes = [suffix],
            Id = options.AbsentClasses is null ? $"{image.Id}" : $"{image.Id} {labels[0]}",
            File = path,
            StatedSize = image.Size,
        };
        found.Add(example);
        return example;
    }

    private List<Thing>[] ThingsByImage()
    {
        var byImage = new List<Thing>[images.All.Count];
        for (int i = 0; i < byImage.Length; i++) byImage[i] = [];
        foreach (Thing thing in things)
        {
            int place = images.PlaceOf(thing.Image);
            if (place < 0) found.Fault($"{path} (image {thing.Image})", "a box is for a picture that is not in the list of pictures");
            else if (!names.ContainsKey(thing.Category))
                found.Fault(
                    $"{path} (image {thing.Image})", $"a box has the category {thing.Category}, which is not in the list of categories");
            else if (byImage[place].Count < DataLimits.Boxes) byImage[place].Add(thing);
            else found.LeaveOut($"boxes beyond {DataLimits.Boxes} of a picture");
        }

        return byImage;
    }

    private (string Suffix, string? Fault) Answer(CocoImage image, List<Thing> here)
    {
        if (here.Count == 0) return ("", null);
        if (image.Size is not var (width, height))
            return ("", "the picture has no \"width\" and \"height\", and boxes are told as shares of them");
        var suffix = new StringBuilder();
        try
        {
            foreach (Thing thing in here)
            {
                if (suffix.Length > 0) suffix.Append(" ; ");
                LocationText.Append(suffix, thing.Box, width, height);
                if (options.MaskEncoder is { } encoder)
                    LocationText.AppendCodes(suffix, encoder.Encode(MaskOf(thing, width, height), thing.Box));
                suffix.Append(' ').Append(names[thing.Category]);
            }
        }
        catch (FormatException e)
        {
            return ("", e.Message);
        }

        return (suffix.ToString(), null);
    }

    private GrayImage MaskOf(Thing thing, int width, int height) => JsonFields.Parse(file.Bytes(thing.Entry), o =>
        JsonFields.TryGet(o, "segmentation", out JsonElement shape) ? CocoMask.Draw(shape, width, height)
            : throw new FormatException("a thing has no \"segmentation\""));
}
