using System.CommandLine;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp caption</c>: one sentence about each picture.</summary>
internal static class CaptionCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("IMAGE")
        {
            Description = "Picture files; - is standard input: a picture, or a list of paths.",
            Arity = ArgumentArity.OneOrMore,
        };
        var language = new Option<string>("--lang", "-l")
        {
            Description = "Language code of the caption.",
            HelpName = "CODE",
            DefaultValueFactory = _ => "en",
        };
        var command = new ExampleCommand("caption", "Describes each picture in a sentence.", """
            Examples:
              vlmsharp caption photo.jpg
              vlmsharp caption --lang de *.jpg
              vlmsharp caption --beams 3 photo.jpg
              vlmsharp caption --temperature 0.8 --top-p 0.9 --seed 7 photo.jpg
              find . -name '*.png' | vlmsharp caption --json -
              curl -s https://example.org/photo.jpg | vlmsharp caption -
            """) { files, language };
        FileList.RefuseOptions(files);
        var runner = new GenerationRunner();
        runner.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string[] given = parsed.GetRequiredValue(files);
            IEnumerable<GenerationRunner.Job> jobs = GenerationRunner.Jobs(FileList.Expand(given),
                VisionTask.Caption(parsed.GetValue(language)!));
            return runner.RunAsync(parsed, jobs, labeled: FileList.AreMany(given), cancellation);
        });
        return command;
    }
}
