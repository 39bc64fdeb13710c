using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval score detect</c>: average precision and recall of boxes, as COCO defines them.</summary>
internal static class EvalScoreDetectCommand
{
    public static Command Create()
    {
        var predictions = new Option<string>("--predictions")
        {
            Description = "Detections, a JSON list of {image_id, category_id, bbox, score}.",
            HelpName = "P.json",
            Required = true,
        };
        var references = new Option<string>("--references")
        {
            Description = "The truth, COCO's instances.",
            HelpName = "R.json",
            Required = true,
        };
        var records = new Option<string?>("--records")
        {
            Description = "Also write, for each image and category, what became of each detection.",
            HelpName = "X.jsonl",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of tables." };
        var command = new ExampleCommand("detect", "Scores boxes: average precision and recall as COCO's evaluation has them.", """
            A bbox is [x, y, width, height] in pixels. Figures are 0 to 1, and -1 where there is nothing to measure. Detections of images
            that the references do not have end with code 65.

            Examples:
              vlmsharp eval score detect --predictions found.json --references instances_val2017.json
              vlmsharp eval score detect --predictions found.json --references instances_val2017.json --json | jq .ap_50
              vlmsharp eval score detect --predictions found.json --references truth.json --records judged.jsonl
            """);
        foreach (Option option in new Option[] { predictions, references, records, json }) command.Add(option);
        foreach (Option option in new Option[] { predictions, references, records }) FileList.RefuseEmpty(option);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(records) is { } target) OutputFolder.Require(target, records);
            CocoDetectionFiles files = CocoDetectionFiles.Read(
                ScoreOptionsBinder.Existing(parsed, predictions)!, ScoreOptionsBinder.Existing(parsed, references)!);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => DetectionScoresOutput.Write(o, files.Metric.Scores()));
            else DetectionScoresOutput.Show(files);
            if (parsed.GetValue(records) is { } lines) DetectionScoresOutput.SaveRecords(lines, files.Metric);
            return ExitCodes.Success;
        });
        return command;
    }
}
