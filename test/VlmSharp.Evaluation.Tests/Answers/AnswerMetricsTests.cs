using VlmSharp.Evaluation.Answers;

namespace VlmSharp.Evaluation.Tests.Answers;

public sealed class AnswerMetricsTests
{
    private static readonly string[] Ten = [.. Enumerable.Repeat("cat", 2), .. Enumerable.Repeat("dog", 8)];

    [Theory]
    [InlineData("dont", "don't"), InlineData("couldnt've", "couldn't've"), InlineData("couldn'tve", "couldn't've"),
        InlineData("yalld've", "yalld've")]
    [InlineData("y'alld've", "y'all'd've"), InlineData("'ows'at", "'ow's'at"), InlineData("twas", "'twas"), InlineData("shes", "shes"),
        InlineData("lets", "lets")]
    [InlineData("somebody'd", "somebodyd"), InlineData("oclock", "o'clock"), InlineData("its", "its"), InlineData("well", "well")]
    public void Contractions_get_their_missing_apostrophe(string word, string whole) =>
        Assert.Equal(whole, VqaText.Normalize(word));

    /// <summary>The official script replaces only 32 periods, by mistake.</summary>
    [Fact]
    public void Periods_beyond_the_32nd_stay() => Assert.Equal("..", VqaText.Punctuation(new string('.', 34)));

    [Fact]
    public void White_space_is_trimmed_before_answers_are_compared() =>
        Assert.Equal(1, VqaAccuracy.Score("\tred\ncar ", [.. Enumerable.Repeat(" red car", 10)]));

    [Fact]
    public void Ok_vqa_leaves_no_annotator_out_and_normalizes_nothing()
    {
        Assert.Equal(2.0 / 3, OkVqaAccuracy.Score("cat", Ten));
        Assert.Equal(1, OkVqaAccuracy.Score("dog", Ten));
        Assert.Equal(0, OkVqaAccuracy.Score("Cat", Ten));
        AnswerEvaluation found =
            AnswerEvaluation.Of([new("1", "cat", Ten), new("2", "cow", Ten)], new AnswerOptions { Metric = AnswerMetric.OkVqa });
        Assert.Equal((0.5, 33.33), (found.AnyMatch, found.OverallPercent));
    }

    [Fact]
    public void Vqa_accuracy_of_the_same_answers_is_less() => Assert.Equal(0.6, VqaAccuracy.Score("cat", Ten), 1e-12);

    [Fact]
    public void Exact_match_is_letter_by_letter()
    {
        Assert.Equal(1, ExactMatch.Score("A", ["B", "A"]));
        Assert.Equal(0, ExactMatch.Score("a", ["A"]));
        Assert.Equal(1, ExactMatch.Score("a", ["A"], ignoreCase: true));
    }

    [Theory]
    [InlineData("two", "2", 1), InlineData("2", "2", 1), InlineData("None", "0", 1), InlineData("twenty", "20", 1),
        InlineData("twenty-one", "21", 0), InlineData("3", "2", 0)]
    public void Counts_may_be_words(string answer, string reference, double score) =>
        Assert.Equal(score, CountAccuracy.Score(answer, [reference]));

    /// <summary>The emoji is one of four characters; in UTF-16 it would be two of five.</summary>
    [Fact]
    public void Anls_counts_code_points() => Assert.Equal(0.75, Anls.Score("abc\ud83d\ude42", ["abcd"]));

    [Theory]
    [InlineData("1_000", "1000", 1), InlineData("1__0", "10", 0), InlineData(" 5 ", "5", 1), InlineData("+5.", "5", 1),
        InlineData("inf", "5", 0), InlineData("5%%", "0.05", 1)]
    [InlineData("0x5", "5", 0), InlineData("1e999", "inf", 0), InlineData("5", "5.2500001", 1), InlineData("", "", 1),
        InlineData("%", "%", 1)]
    public void Relaxed_accuracy_reads_numbers_as_python_does(string answer, string reference, double score) =>
        Assert.Equal(score, RelaxedAccuracy.Score(answer, [reference]));

    [Fact]
    public void Pope_counts_yes()
    {
        (string Answer, string Truth)[] answers =
            [("Yes", "yes"), ("yes", "yes"), ("no", "yes"), ("yes", "no"), ("no", "no"), ("maybe", "no"), ("maybe", "yes"), ("NO", "no")];
        AnswerEvaluation found = AnswerEvaluation.Of(
            [.. answers.Select((a, i) => new AnswerCase($"{i}", a.Answer, [a.Truth]))], new AnswerOptions { Metric = AnswerMetric.Pope });
        PopeScores pope = found.Pope!;
        Assert.Equal((4 / 8.0, 2 / 3.0, 2 / 4.0), (pope.Accuracy, pope.Precision, pope.Recall));
        Assert.Equal(4 / 7.0, pope.F1, 1e-12);
        Assert.Equal((3 / 8.0, 6 / 8.0, pope.Accuracy), (pope.YesShare, pope.ValidShare, found.Overall));
        Assert.Equal(0, PopeScores.Of("no", ["yes"]).F1);
    }

    [Theory]
    [InlineData(AnswerMetric.Vqa), InlineData(AnswerMetric.OkVqa), InlineData(AnswerMetric.Anls), InlineData(AnswerMetric.Relaxed)]
    [InlineData(AnswerMetric.Exact), InlineData(AnswerMetric.TallyQa), InlineData(AnswerMetric.Pope)]
    public void Any_answers_have_scores_from_0_to_1_in_any_order(AnswerMetric metric)
    {
        string[] texts =
        [
            "", "yes", "no", "Yes.", "2", "two", "1,000", "50%", "nan", "-inf", "a cat", "\ud83d\ude42", "\ud83d", "'", "...", "\0",
            "a\u2028b"
        ];
        var random = new Random(3);
        var options = new AnswerOptions { Metric = metric };
        for (int run = 0; run < 2000; run++)
        {
            string answer = texts[random.Next(texts.Length)];
            string[] references = [.. Enumerable.Range(0, random.Next(1, 11)).Select(_ => texts[random.Next(texts.Length)])];
            double score = AnswerEvaluation.ScoreOf(answer, references, options);
            Assert.InRange(score, 0, 1);
            random.Shuffle(references);
            Assert.Equal(score, AnswerEvaluation.ScoreOf(answer, references, options), 1e-12);
        }
    }

    [Fact]
    public void Nothing_to_score_is_an_argument_error()
    {
        Assert.Throws<ArgumentException>(() => AnswerEvaluation.Of([], new AnswerOptions()));
        Assert.Contains(
            "Question 7",
            Assert.Throws<ArgumentException>(() => AnswerEvaluation.Of([new("7", "a", [])], new AnswerOptions())).Message,
            StringComparison.Ordinal);
    }
}
