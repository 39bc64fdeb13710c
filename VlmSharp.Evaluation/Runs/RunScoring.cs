using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Runs;

/// <summary>Scores the items of a run with the metrics of <c>eval score</c>.</summary>
internal static class RunScoring
{
    private static readonly (string Key, string Title, bool IsPercent)[] CaptionNames =
    [
        ("bleu_1", "BLEU-1", false), ("bleu_2", "BLEU-2", false), ("bleu_3", "BLEU-3", false), ("bleu_4", "BLEU-4", false),
        ("rouge_l", "ROUGE-L", false), ("cider", "CIDEr-D", false),
    ];

    private static readonly (string Key, string Title, bool IsPercent)[] PopeNames =
    [
        ("overall", "accuracy", true), ("precision", "precision", true), ("recall", "recall", true), ("f1", "F1", true),
        ("yes_share", "yes", true), ("valid_percent", "yes or no", true),
    ];

    /// <summary>Scores items; one that failed counts as an empty answer.</summary>
    /// <param name="benchmark">How they are scored.</param>
    /// <param name="items">The items, at least one.</param>
    public static RunScores Score(Benchmark benchmark, IReadOnlyList<AnsweredItem> items) => benchmark.Kind switch
    {
        RunKind.Captions => Captions(items),
        RunKind.Answers => Answers(items, new AnswerOptions { Metric = benchmark.Metric }),
        RunKind.Boxes => BoxScoring.Score(items),
        RunKind.Referring => ReferringScoring.Score(items),
        _ => ExactScoring.Score(items),
    };

    private static RunScores Captions(IReadOnlyList<AnsweredItem> items)
    {
        CaptionEvaluation scores = CaptionEvaluation.Of(
            [.. items.Select(i => new CaptionCase(i.Item.Id, i.Answer.Text, i.Item.References))]);
        return new RunScores
        {
            Names = CaptionNames,
            Units = [.. items.Select(i => i.Item.Id)],
            Of = scores.ScoresOf,
            Items = [.. scores.Images.Select(image => new ItemScore(
                image.Cider, image.Words.Candidate,
                [("bleu_1", image.Bleu[0]), ("bleu_4", image.Bleu[3]), ("rouge_l", image.RougeL), ("cider", image.Cider)]))],
        };
    }

    private static RunScores Answers(IReadOnlyList<AnsweredItem> items, AnswerOptions options)
    {
        AnswerCase[] cases = [.. items.Select(i => new AnswerCase(i.Item.Id, i.Answer.Text, i.Item.References)
        {
            AnswerType = i.Item.AnswerType,
            QuestionType = i.Item.QuestionType,
            Question = i.Item.Question,
        })];
        AnswerEvaluation scores = AnswerEvaluation.Of(cases, options);
        bool isPope = options.Metric == AnswerMetric.Pope;
        PopeScores[] pope = isPope ? [.. cases.Select(c => PopeScores.Of(c.Answer, c.References))] : [];
        return new RunScores
        {
            Names = isPope ? PopeNames : [("overall", "score", true)],
            Units = [.. items.Select(i => i.Item.Id)],
            Of = isPope ? chosen => Pope(pope, chosen) : chosen => [100 * Sum(scores.Scores, chosen) / chosen.Count],
            Items = [.. cases.Zip(scores.Scores, (c, score) => new ItemScore(score, Normalized(c, options.Metric), [("score", score)]))],
            Groups = [.. Groups("answer_type", scores.ByAnswerType), .. Groups("question_type", scores.ByQuestionType)],
        };
    }

    /// <summary>The answer as its metric compares it; VQA normalizes it only if people disagree.</summary>
    private static string Normalized(AnswerCase c, AnswerMetric metric) => metric switch
    {
        AnswerMetric.Vqa when c.References.Distinct(StringComparer.Ordinal).Count() > 1 => VqaText.Normalize(VqaText.Trim(c.Answer)),
        AnswerMetric.Vqa => VqaText.Trim(c.Answer),
        AnswerMetric.Anls or AnswerMetric.Pope => c.Answer.ToLowerInvariant(),
        _ => c.Answer,
    };

    private static double[] Pope(PopeScores[] all, IReadOnlyList<int> chosen)
    {
        PopeScores sum = chosen.Select(i => all[i]).Aggregate((a, b) => a + b);
        return [100 * sum.Accuracy, 100 * sum.Precision, 100 * sum.Recall, 100 * sum.F1, 100 * sum.YesShare, 100 * sum.ValidShare];
    }

    internal static double Sum(IReadOnlyList<double> values, IReadOnlyList<int> chosen)
    {
        double sum = 0;
        foreach (int i in chosen) sum += values[i];
        return sum;
    }

    internal static IEnumerable<GroupFigure> Groups(string kind, GroupedMeans means) =>
        means.Groups.Select(group => new GroupFigure(kind, group, means[group].Count, means.Percent(group)));
}
