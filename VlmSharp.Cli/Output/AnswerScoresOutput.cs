using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Cli.Output;

/// <summary>The scores of answers, in percent with two decimals: as a table, as JSON, and per question.</summary>
internal static class AnswerScoresOutput
{
    /// <summary>Writes a table.</summary>
    public static void Show(AnswerEvaluation scores, long? intervalSeed)
    {
        Table table = Tables.Create("questions", "count", "score", "95 % interval");
        Interval? interval = intervalSeed is { } seed ? scores.Interval(seed) : null;
        string ends = interval is { } i ? $"{Number(Percent(i.Low))} to {Number(Percent(i.High))}" : "";
        table.AddPlainRow("all", $"{scores.Cases.Count}", Number(scores.OverallPercent), ends);
        AddGroups("answer", scores.ByAnswerType);
        AddGroups("question", scores.ByQuestionType);
        Tables.Write(table);
        (string, double)[] more = [.. Further(scores)];
        if (more.Length == 0) return;
        Table further = Tables.Create("further", "per cent");
        foreach ((string name, double value) in more) further.AddPlainRow(name, Number(value));
        Tables.Write(further);

        void AddGroups(string title, GroupedMeans means)
        {
            foreach (string group in means.Groups)
                table.AddPlainRow($"{title}: {group}", $"{means[group].Count}", Number(means.Percent(group)), "");
        }
    }

    /// <summary>Writes an object.</summary>
    public static void Write(Utf8JsonWriter json, AnswerEvaluation scores, long? intervalSeed)
    {
        json.WriteStartObject();
        json.WriteNumber("questions", scores.Cases.Count);
        json.WriteNumber("overall", scores.OverallPercent);
        WriteGroups(json, "answer_type", scores.ByAnswerType);
        WriteGroups(json, "question_type", scores.ByQuestionType);
        foreach ((string name, double value) in Further(scores)) json.WriteNumber(name, value);
        if (intervalSeed is { } seed)
        {
            json.WriteStartObject("intervals");
            Interval interval = scores.Interval(seed);
            json.WriteInterval("overall", new Interval(Percent(interval.Low), Percent(interval.High)));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes a line for each question.</summary>
    public static void SaveRecords(string path, AnswerEvaluation scores)
    {
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach ((AnswerCase c, double score) in scores.Cases.Zip(scores.Scores))
            file.WriteLine(JsonOutput.ToText(o => Write(o, c, score)));
    }

    private static void Write(Utf8JsonWriter json, AnswerCase c, double score)
    {
        json.WriteStartObject();
        json.WriteString("question_id", c.Id);
        if (c.Question is { } question) json.WriteString("question", question);
        json.WriteString("answer", c.Answer);
        json.WriteTexts("references", c.References);
        if (c.AnswerType is { } answerType) json.WriteString("answer_type", answerType);
        if (c.QuestionType is { } questionType) json.WriteString("question_type", questionType);
        json.WriteNumber("score", score);
        json.WriteEndObject();
    }

    /// <summary>Figures that some metrics have in addition to the mean score.</summary>
    private static IEnumerable<(string Name, double Value)> Further(AnswerEvaluation scores)
    {
        if (scores.AnyMatch is { } any) yield return ("any_match", Percent(any));
        // ChartQA's figure in tables is the mean over its two kinds of questions (human and machine), regardless of their counts.
        if (scores.Options.Metric == AnswerMetric.Relaxed && scores.ByQuestionType.Groups.Any())
            yield return ("question_type_mean", Percent(scores.ByQuestionType.Groups.Average(scores.ByQuestionType.Mean)));
        if (scores.Pope is not { } pope) yield break;
        yield return ("accuracy", Percent(pope.Accuracy));
        yield return ("precision", Percent(pope.Precision));
        yield return ("recall", Percent(pope.Recall));
        yield return ("f1", Percent(pope.F1));
        yield return ("yes_share", Percent(pope.YesShare));
        yield return ("valid_percent", Percent(pope.ValidShare));
    }

    private static void WriteGroups(Utf8JsonWriter json, string name, GroupedMeans means)
    {
        json.WriteStartObject(name);
        foreach (string group in means.Groups) json.WriteNumber(group, means.Percent(group));
        json.WriteEndObject();
    }

    private static double Percent(double share) => GroupedMeans.Percent(share, 1);

    private static string Number(double percent) => percent.ToString("0.00", CultureInfo.InvariantCulture);
}
