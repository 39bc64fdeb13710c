using System.CommandLine;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp ask</c>: a question about one picture or several.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("IMAGE")
        {
            Description = "Picture file; - is standard input: a picture, or a list of paths, each of which is asked.",
        };
        var question = new Argument<string>("QUESTION") { Description = "The question, in quotes." };
        var more = new Option<string[]>("--image", "-i")
        {
            Description = "A further picture for the same question; may be repeated.",
            HelpName = "FILE",
        };
        var language = new Option<string>("--lang", "-l")
        {
            Description = "Language code of the answer.",
            HelpName = "CODE",
            DefaultValueFactory = _ => "en",
        };
        var command = new ExampleCommand("ask", "Answers a question about a picture.", """
            Examples:
              vlmsharp ask photo.jpg "how many cars are there?"
              vlmsharp ask before.jpg --image after.jpg "what has changed?"
              vlmsharp ask photo.jpg "what is on the table?" --beams 4 --length-penalty 0.6
              ls *.jpg | vlmsharp ask - "is there a dog?"
            """) { file, question, more, language };
        FileList.RefuseOptions(file);
        FileList.RefuseEmpty(question, "a question");
        FileList.RefuseEmpty(more);
        var runner = new GenerationRunner();
        runner.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string given = parsed.GetRequiredValue(file);
            VisionTask task = VisionTask.Ask(parsed.GetRequiredValue(question), parsed.GetValue(language)!);
            IEnumerable<GenerationRunner.Job> jobs = GenerationRunner.Jobs(FileList.Expand([given]), task, parsed.GetValue(more) ?? []);
            return runner.RunAsync(parsed, jobs, labeled: FileList.AreMany([given]), cancellation);
        });
        return command;
    }
}
