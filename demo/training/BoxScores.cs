using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Cpu;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Scenes;

/// <summary>
/// Finds a box score that can be thresholded: asks a model for things that are in a scene and for things that are not, and compares
/// definitions of the score on the same boxes. The results are in docs/evaluation.md.
/// </summary>
internal static partial class BoxScores
{
    private const int Together = 12; // requests that share their steps
    private const string One = "thing"; // one category for all, because a user has one threshold for all

    /// <summary>A thing to look for in a picture, and its boxes, in places from 0 to 1023; none if it is absent.</summary>
    private sealed record Question(string Image, string Thing, CocoBox[] Truth);

    /// <summary>Asks, prints a table, and draws the curves.</summary>
    /// <param name="folder">The folder that the program made: eval.jsonl and its pictures.</param>
    /// <param name="directory">The model's folder.</param>
    /// <param name="scenes">The most scenes to ask about.</param>
    /// <param name="svg">The drawing to write, or null.</param>
    public static void Print(string folder, string directory, long scenes, string? svg)
    {
        Asked[] all = [.. File.ReadLines(Path.Combine(folder, "eval.jsonl")).Select(Asked.Read)];
        HashSet<string> pictures = [.. all.Select(a => a.Image).Distinct().Take((int)Math.Min(scenes, int.MaxValue))];
        Question[] questions = [.. all.Where(a => pictures.Contains(a.Image)).Select(Read).OfType<Question>()];
        ParsedBox[][] answers = Ask(folder, directory, questions);
        int things = questions.Sum(q => q.Truth.Length);
        Console.WriteLine(
            $"{directory} on {pictures.Count} scenes: {questions.Count(q => q.Truth.Length > 0)} questions about things that are there, "
            + $"{questions.Count(q => q.Truth.Length == 0)} about things that are not; {things} things, "
            + $"{answers.Sum(a => a.Length)} boxes");
        Console.WriteLine(
            $"{"score",-62} {"AP",6} {"AP50",6} {"right",6} {"wrong",6} {"ECE",6} {"best F1",8} {"at",5} {"F1@0.5",7} {"P@0.5",6} "
                + $"{"R@0.5",6}");
        foreach ((string name, Func<BoxEvidence, double> score) in ScoreDefinitions.All)
            Row(name, Judge(questions, answers, score), things);
        if (svg is not null)
        {
            ReliabilityDrawing.Save(
                svg, [.. ScoreDefinitions.Drawn.Select(d => (d.Name, Calibrate(Judge(questions, answers, d.Of), things).Bins()))]);
        }
    }

    private static ParsedBox[][] Ask(string folder, string directory, Question[] questions)
    {
        using var backend = new CpuBackend();
        using var model = VisionLanguageModel.Open(directory, backend);
        var tasks = new TaskRunner(model);
        var parser = new AnswerParser(model.Tokenizer!, new TaskTokens(model.Tokenizer!));
        var answers = new List<ParsedBox[]>();
        foreach (Question[] some in questions.Chunk(Together))
        {
            GenerationRequest[] requests =
                [.. some.Select(q => tasks.Request(VisionTask.Detect(q.Thing), ImageFile.Load(Path.Combine(folder, q.Image))))];
            foreach (GenerationResult answer in model.Generate(requests, new GenerationOptions { MaxNewTokens = 64 }))
                answers.Add([.. parser.Parse(answer.TokenIds, answer.LogProbabilities, answer.Notes)]);
        }

        return [.. answers];
    }

    private static DetectionMetric Judge(Question[] questions, ParsedBox[][] answers, Func<BoxEvidence, double> score)
    {
        var metric = new DetectionMetric();
        for (int i = 0; i < questions.Length; i++)
            metric.Add($"{i}", One, [.. questions[i].Truth.Select(box => new TrueBox(box))], [
                .. answers[i].Select(box => new ScoredBox(Coco(box), score(box.Evidence)))
            ]);
        return metric;
    }

    private static void Row(string name, DetectionMetric metric, int things)
    {
        ScoreCalibration calibration = Calibrate(metric, things);
        DetectionScores scores = metric.Scores();
        OperatingPoint best = calibration.Best(), half = calibration.At(0.5);
        string means =
            string.Create(CultureInfo.InvariantCulture, $"{Mean(metric, isRight: true),6:0.000} {Mean(metric, isRight: false),6:0.000}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-62} {scores.Ap,6:0.000} {scores.Ap50,6:0.000} {means} {calibration.ExpectedCalibrationError(),6:0.000} "
                + $"{best.F1,8:0.000} {best.Threshold,5:0.00} {half.F1,7:0.000} {half.Precision,6:0.000} {half.Recall,6:0.000}"));
    }

    private static double Mean(DetectionMetric metric, bool isRight) =>
        Boxes(metric).Where(box => box.IsRight == isRight).Select(box => box.Score).DefaultIfEmpty(double.NaN).Average();

    private static ScoreCalibration Calibrate(DetectionMetric metric, int things) => new(Boxes(metric), things);

    /// <summary>Each box with its score, and whether it is right at IoU 0.5.</summary>
    private static IEnumerable<(double Score, bool IsRight)> Boxes(DetectionMetric metric) =>
        metric.Records.SelectMany(record => record.Detections).Select(box => (box.Score, box.Outcomes[(int)AreaRange.All].IsRight(0)));

    private static CocoBox Coco(ParsedBox box) => new(box.Left, box.Top, box.Right - box.Left, box.Bottom - box.Top);

    /// <summary>
    /// A detect question unchanged; a question for an absent thing, made from "is there a cat?" with the answer no; otherwise null.
    /// </summary>
    private static Question? Read(Asked asked)
    {
        if (asked.Kind == "detect")
            return new Question(asked.Image, asked.Prefix["detect ".Length..], [.. Location().Matches(asked.Suffix).Select(Truth)]);
        return asked.Kind == "yesno" && asked.Suffix == "no" && IsThere().Match(asked.Prefix) is { Success: true } match
            ? new Question(asked.Image, match.Groups[1].Value, [])
            : null;
    }

    private static CocoBox Truth(Match m)
    {
        // top, left, bottom, right
        int[] places = [.. Enumerable.Range(1, 4).Select(group => int.Parse(m.Groups[group].ValueSpan, CultureInfo.InvariantCulture))];
        return new CocoBox(places[1], places[0], places[3] - places[1], places[2] - places[0]);
    }

    [GeneratedRegex(@"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>")]
    private static partial Regex Location();

    [GeneratedRegex(@"^answer en is there (?:an? )?(.+)\?$")]
    private static partial Regex IsThere();
}
