using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Evaluations;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval compare</c>: tells whether one run is better than another, and on which items.</summary>
internal static class EvalCompareCommand
{
    private const int DefaultMost = 20, Largest = 500;

    public static Command Create()
    {
        Argument<string> first = Run("FIRST", "A folder that was --out of eval, or its records.jsonl.");
        Argument<string> second = Run("SECOND", "Another, of the same benchmark.");
        var html = new Option<string?>("--html")
        {
            Description = "Also write a page, with the pictures of answers that changed.",
            HelpName = "FILE",
        };
        Option<int?> most = NumberOption.Create<int>(
            "--most", "N", $"Changed answers that are shown, 0 to {Largest} (default: {DefaultMost}).");
        var json = new Option<bool>("--json") { Description = "One JSON object instead of tables, with all changed answers." };
        var command = new ExampleCommand("compare", "Compares two runs on the same items: is the difference more than chance?", """
            Items are paired by id; those of one run alone are left out. The interval of the difference comes from a paired bootstrap:
            each of 1000 draws takes the same items of both runs. Two intervals that overlap say nothing; this one does.

            Examples:
              vlmsharp eval compare run-before run-after
              vlmsharp eval compare run-base run-adapter --html compare.html --most 100
              vlmsharp eval compare a/records.jsonl b/records.jsonl --json | jq .scores
            """) { first, second, html, most, json };
        FileList.RefuseEmpty(html);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int shown = NumberOption.InRange(parsed, most, 0, Largest) ?? DefaultMost;
            string a = Records(parsed.GetRequiredValue(first)), b = Records(parsed.GetRequiredValue(second));
            if (parsed.GetValue(html) is { } target) OutputFolder.Require(target, html, ".html");
            RunComparison comparison = await Progress.RunAsync("comparing", () => RunComparison.Of(a, b), cancellationToken);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => ComparePage.Write(o, comparison));
            else ComparePage.Show(comparison, shown);
            if (parsed.GetValue(html) is { } path)
            {
                using FileStream stream = File.Create(path);
                ComparePage.Write(comparison, stream, shown);
            }

            return ExitCodes.Success;
        });
        return command;

        static Argument<string> Run(string name, string description)
        {
            var run = new Argument<string>(name) { Description = description };
            FileList.RefuseEmpty(run);
            return run;
        }
    }

    private static string Records(string run)
    {
        string file = Directory.Exists(run) ? Path.Combine(run, EvaluationOutput.RecordsName) : run;
        return File.Exists(file) ? file
            : throw new FileNotFoundException(Directory.Exists(run)
                ? $"{run} has no {EvaluationOutput.RecordsName}: the run is not scored yet; run 'vlmsharp eval' there to its end."
                : $"{run} does not exist: give a folder that was --out of eval, or its {EvaluationOutput.RecordsName}.");
    }
}
