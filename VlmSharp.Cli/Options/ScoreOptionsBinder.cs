using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Options;

/// <summary>The files of <c>eval score caption</c> and <c>eval score vqa</c>, and what to do with the scores.</summary>
internal sealed class ScoreOptionsBinder
{
    private readonly Option<string> predictions, references;

    private readonly Option<string?> records = new("--records")
    {
        Description = "Also write each example with its scores.",
        HelpName = "X.jsonl",
    };

    private readonly Option<bool> json = new("--json") { Description = "One JSON object instead of a table." };

    private readonly Option<bool> intervals = new("--intervals")
    {
        Description = "Also 95 % intervals: 1000 draws of the examples (bootstrap).",
    };

    private readonly Option<long?> seed = NumberOption.Create<long>("--seed", "N", "Seed of these draws (default: 0).");

    private readonly Option<bool> allowPartial = new("--allow-partial")
    {
        Description = "Score the examples that are in both files, of several predictions the first; else such files are an error.",
    };

    /// <param name="predicted">The help's description of the file of predictions.</param>
    /// <param name="referred">The help's description of the file of references.</param>
    public ScoreOptionsBinder(string predicted, string referred)
    {
        predictions = new Option<string>("--predictions") { Description = predicted, HelpName = "P.json", Required = true };
        references = new Option<string>("--references") { Description = referred, HelpName = "R.json", Required = true };
        foreach (Option option in new Option[] { predictions, references, records }) FileList.RefuseEmpty(option);
    }

    /// <summary>Adds the options to a command. The command's own options come between the files and the rest.</summary>
    public void AddTo(Command command, params ReadOnlySpan<Option> own)
    {
        command.Add(predictions);
        command.Add(references);
        foreach (Option option in own) command.Add(option);
        foreach (Option option in new Option[] { allowPartial, intervals, seed, records, json }) command.Add(option);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="UsageException">The seed is given without intervals.</exception>
    /// <exception cref="IOException">A file does not exist, or the records cannot be written.</exception>
    public ScoreOptions Bind(ParseResult parsed)
    {
        if (parsed.GetValue(seed) is not null && !parsed.GetValue(intervals))
            throw new UsageException("--seed is for --intervals: give both, or leave it out.");
        if (parsed.GetValue(records) is { } target) OutputFolder.Require(target, records);
        return new ScoreOptions(
            Existing(parsed, predictions)!, Existing(parsed, references)!, parsed.GetValue(allowPartial),
            parsed.GetValue(intervals) ? parsed.GetValue(seed) ?? 0 : null, parsed.GetValue(records), parsed.GetValue(json));
    }

    /// <summary>The file that an option names, or null if the option is not given.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">It is a folder.</exception>
    public static string? Existing(ParseResult parsed, Option<string> option) => parsed.GetValue(option) is not { } path ? null
        : Directory.Exists(path) ? throw new IOException($"{path} is a folder: give a file's name for {option.Name}.")
        : File.Exists(path) ? path : throw new FileNotFoundException($"{path} does not exist: give another {option.Name}.");
}
