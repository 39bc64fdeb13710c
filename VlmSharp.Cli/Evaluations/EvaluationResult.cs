using VlmSharp.Evaluation.Robustness;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Evaluations;

/// <summary>The result of an evaluation.</summary>
/// <param name="Benchmark">What was measured; it says how answers are scored.</param>
/// <param name="Model">The model's folder, without its path.</param>
/// <param name="Items">The items with their answers.</param>
/// <param name="Scores">A score for each item, in the same order, and the metrics that sum them up.</param>
/// <param name="Figures">The figures, with intervals.</param>
/// <param name="Variants">The figures of each variant.</param>
/// <param name="Latency">The latencies, or null if unknown.</param>
internal sealed record EvaluationResult(
    Benchmark Benchmark, string Model, IReadOnlyList<AnsweredItem> Items, RunScores Scores, IReadOnlyList<Figure> Figures,
    IReadOnlyList<(Variant Variant, IReadOnlyList<Figure> Figures)> Variants, LatencyFigures? Latency)
{
    /// <summary>Number of items without an answer.</summary>
    public int Errors => Items.Count(i => i.Answer.Error is not null);

    /// <summary>The figure that papers report, or the first one.</summary>
    public Figure Main => MainOf(Figures);

    /// <summary>The main figure among a variant's figures.</summary>
    public Figure MainOf(IReadOnlyList<Figure> figures) => figures.FirstOrDefault(f => f.Key == Benchmark.Main) ?? figures[0];

    /// <summary>Scores the answers of a folder.</summary>
    public static EvaluationResult Of(Benchmark benchmark, string model, EvaluationWork work, string folder)
    {
        List<ItemAnswer> answers = RunRecords.Read(folder);
        AnsweredItem[][] rounds =
        [
            .. answers.Chunk(work.Items.Count)
                .Select(round => work.Items.Zip(round, (item, answer) => Locate(benchmark, new AnsweredItem(item, answer))).ToArray()),
        ];
        RunScores scores = RunScoring.Score(benchmark, rounds[0]);
        return new EvaluationResult(
            benchmark, model, rounds[0], scores, scores.Figures(),
            [.. work.Variants.Zip(rounds.Skip(1), (variant, round) => (variant, RunScoring.Score(benchmark, round).Figures()))],
            LatencyFigures.Of(folder));
    }

    private static AnsweredItem Locate(Benchmark benchmark, AnsweredItem answered) =>
        benchmark.Kind == RunKind.Exact && answered.Item.Truth is not null ? LocationAnswers.Locate(answered) : answered;
}
