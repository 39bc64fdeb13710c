using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Answers;

/// <summary>The scores of many answers, individually and overall.</summary>
public sealed class AnswerEvaluation
{
    /// <summary>The only group of <see cref="All"/>.</summary>
    private const string Everything = "";

    private AnswerEvaluation(AnswerOptions options, IReadOnlyList<AnswerCase> cases, double[] scores)
    {
        Options = options;
        Cases = cases;
        Scores = scores;
        foreach ((AnswerCase c, double score) in cases.Zip(scores))
        {
            All.Add(Everything, score);
            ByAnswerType.Add(c.AnswerType, score);
            ByQuestionType.Add(c.QuestionType, score);
        }

        if (options.Metric == AnswerMetric.Pope)
            Pope = cases.Select(c => PopeScores.Of(c.Answer, c.References)).Aggregate((sum, one) => sum + one);
        if (options.Metric == AnswerMetric.OkVqa) AnyMatch = cases.Average(c => ExactMatch.Score(c.Answer, c.References));
    }

    /// <summary>How the answers were scored.</summary>
    public AnswerOptions Options { get; }

    /// <summary>The answers with their references, in the order in which they were given.</summary>
    public IReadOnlyList<AnswerCase> Cases { get; }

    /// <summary>Each answer's score, 0 to 1.</summary>
    public IReadOnlyList<double> Scores { get; }

    /// <summary>The mean score, 0 to 1.</summary>
    public double Overall => All.Mean(Everything);

    /// <summary>The mean score in percent with two decimals.</summary>
    public double OverallPercent => All.Percent(Everything);

    /// <summary>The sum and number of all scores, for merging with other shards.</summary>
    public GroupedMeans All { get; } = new();

    /// <summary>Means by <see cref="AnswerCase.AnswerType"/>.</summary>
    public GroupedMeans ByAnswerType { get; } = new();

    /// <summary>Means by <see cref="AnswerCase.QuestionType"/>.</summary>
    public GroupedMeans ByQuestionType { get; } = new();

    /// <summary>The additional scores of POPE; null for other metrics.</summary>
    public PopeScores? Pope { get; }

    /// <summary>For OK-VQA, the share of answers that at least one person gave; null for other metrics.</summary>
    public double? AnyMatch { get; }

    /// <summary>Scores answers.</summary>
    /// <param name="cases">Questions with their answers, at least one.</param>
    /// <param name="options">How to score them.</param>
    /// <exception cref="ArgumentException">There is no question, or one has no reference.</exception>
    public static AnswerEvaluation Of(IReadOnlyList<AnswerCase> cases, AnswerOptions options)
    {
        if (cases.Count == 0) throw new ArgumentException("There is no question.", nameof(cases));
        if (cases.FirstOrDefault(c => c.References.Count == 0) is { } bare)
            throw new ArgumentException($"Question {bare.Id} has no reference.", nameof(cases));
        double[] scores = [.. cases.AsParallel().AsOrdered().Select(c => ScoreOf(c.Answer, c.References, options))];
        return new AnswerEvaluation(options, cases, scores);
    }

    /// <summary>The score of one answer.</summary>
    /// <param name="answer">What the model said.</param>
    /// <param name="references">The correct answers, at least one.</param>
    /// <param name="options">How it is scored.</param>
    /// <returns>Between 0 and 1.</returns>
    public static double ScoreOf(string answer, IReadOnlyList<string> references, AnswerOptions options) => options.Metric switch
    {
        AnswerMetric.Vqa => VqaAccuracy.Score(answer, references),
        AnswerMetric.OkVqa => OkVqaAccuracy.Score(answer, references),
        AnswerMetric.Anls => Anls.Score(answer, references, options.KeepAnlsBoundary),
        AnswerMetric.Relaxed => RelaxedAccuracy.Score(answer, references, options.IgnoreCase),
        AnswerMetric.Exact => ExactMatch.Score(answer, references, options.IgnoreCase),
        AnswerMetric.TallyQa => CountAccuracy.Score(answer, references),
        AnswerMetric.Pope => PopeScores.Of(answer, references).Accuracy,
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Metric, null),
    };

    /// <summary>The 95 % interval of <see cref="Overall"/>.</summary>
    /// <param name="seed">The seed of the bootstrap samples.</param>
    public Interval Interval(long seed = 0) => Bootstrap.OfMean(Scores, seed);
}
