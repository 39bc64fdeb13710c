using System.Text.Json;
using VlmSharp.Evaluation.Answers;

namespace VlmSharp.Evaluation.Tests.Answers;

/// <summary>Compares every number and text with the reference programs for answers.</summary>
public sealed class AnswerGoldensTests
{
    private static readonly JsonElement Vqa = MetricGoldens.Read("vqa.json"), Texts = MetricGoldens.Read("text_and_box.json");

    [Fact]
    public void Answers_are_normalized_like_the_official_script()
    {
        JsonElement[] cases = [.. Vqa.GetProperty("normalise").EnumerateArray()];
        Assert.Equal(48, cases.Length);
        Assert.All(cases, golden =>
        {
            string raw = golden.GetProperty("raw").GetString()!;
            Assert.Equal(golden.GetProperty("after_punct").GetString(), VqaText.Punctuation(raw));
            Assert.Equal(golden.GetProperty("final").GetString(), VqaText.Normalize(raw));
        });
    }

    [Fact]
    public void Vqa_accuracy_equals_the_official_script()
    {
        AnswerCase[] cases = Accuracies();
        Assert.Equal(14, cases.Length);
        AnswerEvaluation found = AnswerEvaluation.Of(cases, new AnswerOptions());
        MetricGoldens.AssertClose(
            Vqa.GetProperty("accuracy").EnumerateArray().Select(golden => golden.GetProperty("accuracy").GetDouble()),
            found.Scores.Select(score => 100 * score));
    }

    /// <summary>The file has four decimals. Its question types are the answer types.</summary>
    [Fact]
    public void Means_equal_those_of_the_official_script()
    {
        JsonElement golden = Vqa.GetProperty("overall");
        AnswerEvaluation found = AnswerEvaluation.Of(Accuracies(), new AnswerOptions());
        Assert.Equal(golden.GetProperty("overall").GetDouble(), Math.Round(100 * found.Overall, 4));
        foreach (JsonProperty type in golden.GetProperty("perAnswerType").EnumerateObject())
            Assert.Equal(type.Value.GetDouble(), Math.Round(100 * found.ByAnswerType.Mean(type.Name), 4));
        foreach (JsonProperty type in golden.GetProperty("perQuestionType").EnumerateObject())
            Assert.Equal(type.Value.GetDouble(), Math.Round(100 * found.ByQuestionType.Mean(type.Name), 4));
        Assert.Equal(77.14, found.OverallPercent);
        Assert.Equal(66.67, found.ByAnswerType.Percent("number"));
    }

    [Fact]
    public void Three_other_people_are_enough()
    {
        foreach (JsonProperty golden in Vqa.GetProperty("leave_one_out_by_matches_of_10").EnumerateObject())
        {
            int matches = int.Parse(golden.Name);
            string[] people = [.. Enumerable.Range(0, 10).Select(i => i < matches ? "cat" : $"dog {i}")];
            Assert.Equal(golden.Value.GetDouble(), 100 * VqaAccuracy.Score("cat", people), 1e-9);
        }
    }

    [Fact]
    public void Anls_equals_both_reference_programs()
    {
        foreach (JsonElement golden in Texts.GetProperty("anls").EnumerateArray())
        {
            string[] references = MetricGoldens.Texts(golden.GetProperty("gts"));
            string answer = golden.GetProperty("pred").GetString()!;
            MetricGoldens.AssertClose(
                [golden.GetProperty("big_vision_lower").GetDouble(), golden.GetProperty("lmms_eval_style").GetDouble()],
                [Anls.Score(answer, references), Anls.Score(answer, references, keepBoundary: true)]);
        }
    }

    [Fact]
    public void Relaxed_accuracy_equals_both_reference_programs()
    {
        foreach (JsonElement golden in Texts.GetProperty("chartqa_relaxed").EnumerateArray())
        {
            string target = golden.GetProperty("target").GetString()!, answer = golden.GetProperty("pred").GetString()!;
            Assert.True(
                golden.GetProperty("big_vision").GetBoolean() == (RelaxedAccuracy.Score(answer, [target]) == 1), $"{answer} for {target}");
            Assert.True(
                golden.GetProperty("case_insensitive").GetBoolean() == (RelaxedAccuracy.Score(answer, [target], ignoreCase: true) == 1),
                $"{answer} for {target}");
        }
    }

    private static AnswerCase[] Accuracies() => [.. Vqa.GetProperty("accuracy").EnumerateArray().Select((golden, i) =>
    {
        string type = golden.GetProperty("answer_type").GetString()!;
        return new AnswerCase($"{i}", golden.GetProperty("answer").GetString()!, MetricGoldens.Texts(golden.GetProperty("gt")))
        {
            AnswerType = type,
            QuestionType = type switch { "number" => "how many", "yes/no" => "is the", _ => "what" },
        };
    })];
}
