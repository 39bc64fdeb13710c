using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Files;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval score vqa</c>: the share of correct answers, as each question-answering benchmark defines it.</summary>
internal static class EvalScoreVqaCommand
{
    private static readonly Dictionary<string, AnswerMetric> Metrics = new(StringComparer.Ordinal)
    {
        ["vqa"] = AnswerMetric.Vqa,
        ["textvqa"] = AnswerMetric.Vqa,
        ["okvqa"] = AnswerMetric.OkVqa,
        ["aokvqa"] = AnswerMetric.OkVqa,
        ["anls"] = AnswerMetric.Anls,
        ["relaxed"] = AnswerMetric.Relaxed,
        ["exact"] = AnswerMetric.Exact,
        ["tallyqa"] = AnswerMetric.TallyQa,
        ["pope"] = AnswerMetric.Pope,
    };

    public static Command Create()
    {
        var scoring = new ScoreOptionsBinder(
            "Answers, a JSON list of {question_id, answer}.", "Answers by people: VQA's annotations, or a list of {question_id, answers}.");
        var questions = new Option<string?>("--questions")
        {
            Description = "The questions, VQA's own file: shown in --records, and held against the references.",
            HelpName = "Q.json",
        };
        var metric = new Option<string>("--metric")
        {
            Description = "How an answer is scored.",
            HelpName = "M",
            DefaultValueFactory = _ => "vqa",
        };
        var ignoreCase = new Option<bool>("--ignore-case") { Description = "Capitals count as small letters, for exact and relaxed." };
        var boundary = new Option<string>("--anls-boundary")
        {
            Description = "Whether an answer that is just half wrong has 0 (drop, as the paper) " +
                "or 0.5 (keep, as lmms-eval, with single spaces).",
            HelpName = "B",
            DefaultValueFactory = _ => "drop",
        };
        metric.AcceptOnlyFromAmong([.. Metrics.Keys]);
        boundary.AcceptOnlyFromAmong("drop", "keep");
        FileList.RefuseEmpty(questions);
        var command = new ExampleCommand("vqa", "Scores answers to questions: VQA accuracy, and the metrics of other benchmarks.", """
            Metrics, in per cent:
              vqa, textvqa   VQAv2, TextVQA, VizWiz: three of ten people gave the answer
              okvqa, aokvqa  OK-VQA, A-OKVQA: the same letter by letter
              anls           DocVQA, InfographicVQA, ST-VQA: how many letters are right
              relaxed        ChartQA: numbers within 5 %
              exact          GQA, OCR-VQA, AI2D, ScienceQA: letter by letter
              tallyqa        TallyQA: counts, for simple and complex questions
              pope           POPE: yes or no, with precision, recall and F1
            Questions without an answer or with two, and answers to unknown questions, end with code 65 unless --allow-partial is given.

            Examples:
              vlmsharp eval score vqa --predictions results.json --references v2_mscoco_val2014_annotations.json
              vlmsharp eval score vqa --predictions results.json --references annotations.json --json | jq .answer_type
              vlmsharp eval score vqa --metric anls --predictions results.json --references val_v1.0.json --intervals
            """);
        scoring.AddTo(command, questions, metric, ignoreCase, boundary);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ScoreOptions options = scoring.Bind(parsed);
            var answering = new AnswerOptions
            {
                Metric = Metrics[parsed.GetValue(metric)!],
                IgnoreCase = parsed.GetValue(ignoreCase),
                KeepAnlsBoundary = parsed.GetValue(boundary) == "keep",
            };
            string? asked = ScoreOptionsBinder.Existing(parsed, questions!);
            (Pairing<AnswerCase> pairs, AnswerEvaluation scores) = await Progress.RunAsync("scoring answers", () =>
            {
                Pairing<AnswerCase> found = AnswerFiles.Pair(options.Predictions, options.References, asked, options.AllowPartial);
                return (found, AnswerEvaluation.Of(found.Cases, answering));
            }, cancellationToken);
            foreach (string leftOut in pairs.LeftOut) await Console.Error.WriteLineAsync($"left out: {leftOut}");
            if (options.Records is { } lines) AnswerScoresOutput.SaveRecords(lines, scores);
            if (options.Json) JsonOutput.WriteLine(o => AnswerScoresOutput.Write(o, scores, options.IntervalSeed));
            else AnswerScoresOutput.Show(scores, options.IntervalSeed);
            return ExitCodes.Success;
        });
        return command;
    }
}
