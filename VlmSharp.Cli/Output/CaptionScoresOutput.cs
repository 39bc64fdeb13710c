using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Cli.Output;

/// <summary>The scores of captions, as a table, as JSON, and per picture.</summary>
internal static class CaptionScoresOutput
{
    private static readonly (string Key, string Name, Func<CaptionEvaluation, double> Of)[] Scores =
    [
        ("bleu_1", "BLEU-1", s => s.Bleu[0]), ("bleu_2", "BLEU-2", s => s.Bleu[1]), ("bleu_3", "BLEU-3", s => s.Bleu[2]),
        ("bleu_4", "BLEU-4", s => s.Bleu[3]), ("rouge_l", "ROUGE-L", s => s.RougeL), ("cider", "CIDEr-D", s => s.Cider),
    ];

    /// <summary>Writes a table.</summary>
    public static void Show(CaptionEvaluation scores, long? intervalSeed)
    {
        IReadOnlyList<Interval>? intervals = intervalSeed is { } seed ? scores.Intervals(seed) : null;
        Console.WriteLine($"{scores.Images.Count} pictures");
        Table table = Tables.Create(["metric", "score", .. intervals is null ? (string[])[] : ["95 % interval"]]);
        for (int i = 0; i < Scores.Length; i++)
        {
            string[] interval = intervals is null ? [] : [$"{Number(intervals[i].Low)} to {Number(intervals[i].High)}"];
            table.AddPlainRow([Scores[i].Name, Number(Scores[i].Of(scores)), .. interval]);
        }

        Tables.Write(table);
    }

    /// <summary>Writes an object.</summary>
    public static void Write(Utf8JsonWriter json, CaptionEvaluation scores, long? intervalSeed)
    {
        json.WriteStartObject();
        json.WriteNumber("images", scores.Images.Count);
        foreach ((string key, _, Func<CaptionEvaluation, double> of) in Scores) json.WriteNumber(key, of(scores));
        if (intervalSeed is { } seed)
        {
            json.WriteStartObject("intervals");
            foreach (((string key, _, _), Interval interval) in Scores.Zip(scores.Intervals(seed))) json.WriteInterval(key, interval);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes a line for each picture.</summary>
    public static void SaveRecords(string path, IReadOnlyList<CaptionCase> captions, CaptionEvaluation scores)
    {
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach ((CaptionCase caption, CaptionScore score) in captions.Zip(scores.Images))
            file.WriteLine(JsonOutput.ToText(o => Write(o, caption, score)));
    }

    private static void Write(Utf8JsonWriter json, CaptionCase caption, CaptionScore score)
    {
        json.WriteStartObject();
        json.WriteString("image_id", caption.Id);
        json.WriteString("caption", caption.Candidate);
        json.WriteTexts("references", caption.References);
        json.WriteString("words", score.Words.Candidate);
        json.WriteTexts("reference_words", score.Words.References);
        for (int k = 0; k < score.Bleu.Count; k++) json.WriteNumber(Scores[k].Key, score.Bleu[k]);
        json.WriteNumber("rouge_l", score.RougeL);
        json.WriteNumber("cider", score.Cider);
        json.WriteEndObject();
    }

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
