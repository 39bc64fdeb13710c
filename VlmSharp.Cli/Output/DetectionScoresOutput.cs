using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Cli.Output;

/// <summary>COCO's metrics for boxes, as tables and as JSON.</summary>
internal static class DetectionScoresOutput
{
    /// <summary>Writes a table for the whole data set and a table of its categories.</summary>
    public static void Show(CocoDetectionFiles files)
    {
        Console.WriteLine($"{files.Images} images, {files.Things} things, {files.Detections} detections");
        if (files.DetectionsWithoutThings > 0)
            Console.WriteLine(
                $"{files.DetectionsWithoutThings} detections are of categories that the references have nothing of: "
                + "they count for nothing");
        DetectionScores all = files.Metric.Scores();
        Table sizes = Tables.Create("things", "AP", "AP 0.50", "AP 0.75", "AR, 1 box", "AR, 10", "AR, 100");
        sizes.AddPlainRow("all", Number(all.Ap), Number(all.Ap50), Number(all.Ap75), Number(all.Ar1), Number(all.Ar10), Number(all.Ar100));
        sizes.AddPlainRow("small, to 32 x 32", Number(all.ApSmall), "", "", "", "", Number(all.ArSmall));
        sizes.AddPlainRow("medium, to 96 x 96", Number(all.ApMedium), "", "", "", "", Number(all.ArMedium));
        sizes.AddPlainRow("large", Number(all.ApLarge), "", "", "", "", Number(all.ArLarge));
        Tables.Write(sizes);

        Table categories = Tables.Create("category", "things", "detections", "AP", "AP 0.50", "AP 0.75", "AR, 100");
        foreach (string category in files.Metric.Categories)
        {
            DetectionScores own = files.Metric.Scores(category);
            (int things, int found) = files.Metric.Count(category);
            categories.AddPlainRow(
                files.NameOf(category),
                $"{things}",
                $"{found}",
                Number(own.Ap),
                Number(own.Ap50),
                Number(own.Ap75),
                Number(own.Ar100));
        }

        Tables.Write(categories);
    }

    /// <summary>Writes the twelve metrics as an object.</summary>
    public static void Write(Utf8JsonWriter json, DetectionScores scores)
    {
        json.WriteStartObject();
        foreach ((string name, double value) in scores.Named) json.WriteNumber(name, value);
        json.WriteEndObject();
    }

    /// <summary>Writes a line for each image and category.</summary>
    public static void SaveRecords(string path, DetectionMetric metric)
    {
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach (DetectionRecord record in metric.Records) file.WriteLine(JsonOutput.ToText(o => DetectionRecordJson.Write(o, record)));
    }

    private static string Number(double value) => value < 0 ? "-" : value.ToString("0.0000", CultureInfo.InvariantCulture);
}
