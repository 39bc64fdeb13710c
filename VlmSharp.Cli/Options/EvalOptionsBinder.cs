using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Options;

/// <summary>The options that say what <c>eval</c> evaluates.</summary>
internal sealed class EvalOptionsBinder
{
    private static readonly Dictionary<string, CategoryQuestions> Ways = new(StringComparer.Ordinal)
    {
        ["all"] = CategoryQuestions.All,
        ["each"] = CategoryQuestions.Each,
        ["present"] = CategoryQuestions.Present,
    };

    private readonly Argument<string> what = new("WHAT")
    {
        Description = $"{string.Join(", ", Benchmark.All.Select(b => b.Name))}, or a file of training data.",
    };

    private readonly Option<string?> annotations = new("--annotations")
    {
        Description = "What is right: the benchmark's own file.",
        HelpName = "FILE",
    };

    private readonly Option<string?> questions = new("--questions")
    {
        Description = "The questions, where they are in a file of their own.",
        HelpName = "FILE",
    };

    private readonly Option<string?> images = new("--images")
    {
        Description = "Folder of the pictures (default: that of the file).",
        HelpName = "DIR",
    };

    private readonly Option<string?> prefix = new("--prefix")
    {
        Description = "Ask this, {question} in it being the question (default: what PaliGemma was trained on).",
        HelpName = "TEXT",
    };

    private readonly Option<string> categories = new("--categories")
    {
        Description = "coco-detect: ask for all categories at once, for each by itself, or only for those present (this tells the model "
            + "the answer).",
        HelpName = "all|each|present",
        DefaultValueFactory = _ => "all",
    };

    private readonly Option<int?> limit = NumberOption.Create<int>(
        "--limit", "N", "The first N items alone; such a score is not the benchmark's.");

    private readonly Option<bool> robustness = new("--robustness")
    {
        Description = "Ask everything again with other prompts and with worse pictures, and draw curves.",
    };

    public EvalOptionsBinder()
    {
        categories.AcceptOnlyFromAmong([.. Ways.Keys]);
        FileList.RefuseOptions(what);
        foreach (Option option in new Option[] { annotations, questions, images }) FileList.RefuseEmpty(option);
    }

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(what);
        foreach (Option option in new Option[] { annotations, questions, images, prefix, categories, limit, robustness })
            command.Add(option);
    }

    /// <summary>The files of the items.</summary>
    /// <exception cref="UsageException">An option does not apply to the benchmark.</exception>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    public EvaluationFiles Bind(ParseResult parsed)
    {
        string name = parsed.GetRequiredValue(what);
        Benchmark? known = Benchmark.All.FirstOrDefault(b => b.Name == name);
        if (known is null && !Path.Exists(name))
        {
            string near = Benchmark.All.Select(b => b.Name).MinBy(b => EditDistance.Of(name, b))!;
            string hint = EditDistance.Of(name, near) <= 3 ? $" Did you mean {near}?" : "";
            throw new FileNotFoundException(
                $"{name} is no file, and no benchmark: {string.Join(", ", Benchmark.All.Select(b => b.Name))}.{hint}");
        }

        if (known is null && parsed.GetValue(questions) is not null)
            throw new UsageException(
                $"{questions.Name} is for the benchmarks: give the file alone, and {annotations.Name} for the answers of VQA.");
        if (known?.Kind != RunKind.Boxes && parsed.GetResult(categories) is { Implicit: false })
            throw new UsageException($"{categories.Name} is for coco-detect.");
        if (parsed.GetValue(limit) < 1) throw new UsageException($"{limit.Name} {parsed.GetValue(limit)}: give at least 1.");
        string? answers = ScoreOptionsBinder.Existing(parsed, annotations!);
        return new EvaluationFiles
        {
            Benchmark = known ?? Benchmark.File,
            Annotations = known is null ? answers ?? name : answers,
            Questions = known is null ? answers is null ? null : name : ScoreOptionsBinder.Existing(parsed, questions!),
            Images = parsed.GetValue(images),
            Prefix = parsed.GetValue(prefix),
            Categories = Ways[parsed.GetValue(categories)!],
        };
    }

    /// <summary>The largest number of items to evaluate, or null for all.</summary>
    public int? Limit(ParseResult parsed) => parsed.GetValue(limit);

    /// <summary>The variants in which the items are evaluated again.</summary>
    public IReadOnlyList<Variant> Variants(ParseResult parsed, IReadOnlyList<EvaluationItem> items) =>
        parsed.GetValue(robustness) ? RobustnessCases.For(items.Any(item => item.Truth is not null)) : [];
}
