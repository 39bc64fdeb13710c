using System.CommandLine;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp detect</c>: boxes around things.</summary>
internal static class DetectCommand
{
    public static Command Create() => Create(
        new ExampleCommand("detect", "Finds things in a picture, and draws boxes around them.", """
            Prints a line for each box, with tabs between: label, score, left, top, right, bottom, in pixels of the upright picture.
            The score says how sure the model is that the box is about there and has the right label: 1 is sure, and below 0.5 it is
            more likely wrong than right. If nothing is found, nothing is printed.

            Examples:
              vlmsharp detect photo.jpg cat
              vlmsharp detect photo.jpg "cat ; dog" --draw found.png
              vlmsharp detect --json photo.jpg cat dog "red car"
              ls *.jpg | vlmsharp detect - cat --draw "found/{name}.png"
              vlmsharp detect --model paligemma2-3b-ft-coco photo.jpg "all classes" --any-label
            """), masks: false);

    /// <summary>Adds the arguments, the options and the action of <c>detect</c> or <c>segment</c>.</summary>
    public static Command Create(ExampleCommand command, bool masks)
    {
        var file = new Argument<string>("IMAGE") { Description = "Picture file; - is standard input: a picture, or a list of paths." };
        FileList.RefuseOptions(file);
        command.Add(file);
        var boxes = new DetectionOptionsBinder(masks);
        boxes.AddTo(command);
        var runner = new GenerationRunner(boxes);
        runner.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string given = parsed.GetRequiredValue(file);
            IEnumerable<GenerationRunner.Job> jobs = GenerationRunner.Jobs(FileList.Expand([given]), boxes.Task(parsed));
            return runner.RunAsync(parsed, jobs, labeled: FileList.AreMany([given]), cancellation);
        });
        return command;
    }
}
