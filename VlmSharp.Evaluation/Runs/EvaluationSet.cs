using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>How categories are asked for in a picture.</summary>
internal enum CategoryQuestions
{
    /// <summary>All categories of the file in one question.</summary>
    All,

    /// <summary>A separate question for each category.</summary>
    Each,

    /// <summary>
    /// A question for each category in the picture. The model is told what is there, so the score is not comparable with benchmarks.
    /// </summary>
    Present,
}

/// <summary>The files of an evaluation.</summary>
internal sealed record EvaluationFiles
{
    /// <summary>The benchmark, which decides what files are needed and how they are read.</summary>
    public required Benchmark Benchmark { get; init; }

    /// <summary>The file of correct answers; for <see cref="Benchmark.File"/> the data.</summary>
    public string? Annotations { get; init; }

    /// <summary>The file of questions, if they have their own.</summary>
    public string? Questions { get; init; }

    /// <summary>The folder of the pictures; null for the folder of the data.</summary>
    public string? Images { get; init; }

    /// <summary>The prompt that replaces the benchmark's own, or null.</summary>
    public string? Prefix { get; init; }

    /// <summary>How categories are asked for.</summary>
    public CategoryQuestions Categories { get; init; }

    /// <summary>Reads the items.</summary>
    /// <exception cref="TrainingDataException">A file is missing or cannot be used; the message says what to give.</exception>
    public IReadOnlyList<EvaluationItem> Read()
    {
        if (Annotations is null && Questions is null) throw Missing("--annotations FILE");
        string file = Benchmark.Kind == RunKind.Exact ? Questions ?? Annotations! : Annotations ?? Questions!;
        List<EvaluationItem> items = Benchmark.Kind switch
        {
            RunKind.Captions => Captions(file),
            RunKind.Boxes => CocoQuestions.Read(file, Images ?? FolderOf(file), Categories, Prefix),
            RunKind.Referring => Referring(file),
            RunKind.Answers => Answers(file),
            _ => Examples(file),
        };
        if (items.Count == 0) throw new TrainingDataException($"{file} has nothing to evaluate: it has no entries.");
        if (items.Take(100).All(item => !File.Exists(item.Images[0])))
            throw new TrainingDataException(
                $"{items[0].Images[0]} does not exist, nor do the pictures after it: give their folder by --images DIR.");
        return items;
    }

    private TrainingDataException Missing(string what) =>
        new($"{Benchmark.Name} needs {what}{(Benchmark.Files.Length > 0 ? $": for instance {Benchmark.Files}" : "")}.");

    private static string FolderOf(string file) => Path.GetDirectoryName(file) ?? "";

    private List<EvaluationItem> Captions(string file)
    {
        DataFormat format = FormatDetector.Detect(file);
        if (format != DataFormat.CocoCaptions)
            throw new TrainingDataException(
                $"{file} holds {DataFormats.NameOf(format)}, not captions of COCO: give --annotations captions_val2014.json, "
                + "or evaluate the file by its own name.");
        var options = new DataOptions { Format = format, ImageFolder = Images, Prefix = Prefix ?? Benchmark.Prefix };
        using TrainingData data = TrainingData.Open(file, options);
        return [.. Enumerable.Range(0, data.Count)
            .Select(i => data[i])
            .Select(e => new EvaluationItem(e.Id!, e.Images, e.Prefix, e.Suffixes))];
    }

    private List<EvaluationItem> Answers(string file)
    {
        (OrderedDictionary<string, AskedQuestion> asked, string? subset) = QuestionFiles.Read(Questions ?? file);
        if (Benchmark.Name == "vqav2" && Annotations is null) throw Missing("--annotations FILE beside --questions");
        OrderedDictionary<string, AnswerReference> references = AnswerFiles.ReadReferences(file);
        Func<AskedQuestion, string> pictures = QuestionFiles.Pictures(Images ?? FolderOf(Questions ?? file), subset);
        var items = new List<EvaluationItem>(asked.Count);
        foreach ((string id, AskedQuestion question) in asked)
        {
            if (!references.TryGetValue(id, out AnswerReference? reference))
                throw new TrainingDataException(
                    $"{file} has no answer to question {MessageText.Quote(id)} of {Questions ?? file}: "
                    + "give both files of the same split.");
            items.Add(new EvaluationItem(id, [pictures(question)], Ask(question.Text), reference.Answers)
            {
                ImageId = question.ImageId,
                Question = question.Text,
                AnswerType = reference.AnswerType,
                QuestionType = reference.QuestionType,
            });
        }

        return items;
    }

    /// <summary>
    /// Reads one line for each expression: <c>{"id": 1, "image": "a.jpg", "expression": "the left dog", "bbox": [x, y, width, height]}</c>.
    /// </summary>
    private List<EvaluationItem> Referring(string file)
    {
        (OrderedDictionary<string, AskedQuestion> asked, string? subset) = QuestionFiles.Read(file);
        var boxes = new Dictionary<string, CocoBox>(StringComparer.Ordinal);
        OfficialFile.Read(
            file,
            ["questions", "data", "annotations"],
            o => boxes[OfficialFile.Id(o, QuestionFiles.Ids)] = CocoDetectionFiles.Box(o));
        Func<AskedQuestion, string> pictures = QuestionFiles.Pictures(Images ?? FolderOf(file), subset);
        return
        [
            .. asked.Select(q => new EvaluationItem(q.Key, [pictures(q.Value)], Ask(q.Value.Text), [])
            {
                ImageId = q.Value.ImageId,
                Question = q.Value.Text,
                Things = [q.Value.Text],
                Truth = [new LabeledTruth(q.Value.Text, new TrueBox(boxes[q.Key]))],
            }),
        ];
    }

    private string Ask(string question) =>
        (Prefix ?? Benchmark.Prefix ?? "{question}").Replace("{question}", question, StringComparison.Ordinal);

    /// <summary>An example's own id, or its number if it has none or another example has the same.</summary>
    private static string UniqueId(string? own, int number, HashSet<string> taken)
    {
        if (own is not null && taken.Add(own)) return own;
        string id = $"{number}";
        for (int n = 2; !taken.Add(id); n++) id = $"{number}-{n}";
        return id;
    }

    private List<EvaluationItem> Examples(string file)
    {
        var options = new DataOptions { ImageFolder = Images, Prefix = Prefix, Annotations = Questions is null ? null : Annotations };
        using TrainingData data = TrainingData.Open(file, options);
        var items = new List<EvaluationItem>(data.Count);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < data.Count; i++)
        {
            TrainingExample example = data[i];
            string task = example.Prefix.Split(' ')[0], id = UniqueId(example.Id, i, ids);
            bool hasBoxes = example.Suffixes[0].Contains("<loc", StringComparison.Ordinal);
            IReadOnlyList<string> pictures = Images is null || !DataFormats.IsRows(data.Format)
                ? example.Images
                : [.. example.Images.Select(image =>
                    Path.Combine(Images, Path.GetRelativePath(FolderOf(Path.GetFullPath(file)), Path.GetFullPath(image))))];
            items.Add(new EvaluationItem(id, pictures, example.Prefix, example.Suffixes)
            {
                QuestionType = task.Length == 0 ? "(none)" : task,
                Things = hasBoxes && task == "detect" ? [example.Prefix[task.Length..].Trim()] : null,
                Truth = hasBoxes ? [] : null, // in pixels only once the picture is known
            });
        }

        return items;
    }
}
