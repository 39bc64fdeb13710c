using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>
/// The commands of <c>docs/training.md</c> use models that the repository does not have, so only their options are checked.
/// </summary>
public sealed partial class TrainingPageTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "training.md"));

    [Fact]
    public async Task Commands_have_the_options_that_they_are_given()
    {
        string[] commands = [.. CommandLine().Matches(Text).Select(match => match.Groups[1].Value)];
        Assert.True(commands.Length >= 10, $"The page has {commands.Length} commands.");
        foreach (string command in commands)
        {
            string[] words = command.Split(' '), name = words[..(words[0] is "data" or "adapter" ? 2 : 1)];
            string help = await Help(name);
            foreach (string option in words.Where(word => word.StartsWith('-'))) AssertKnown(help, option, command);
        }
    }

    /// <summary>Options in the text are those of train.</summary>
    [Fact]
    public async Task Options_in_the_text_exist()
    {
        string help = await Help("train");
        string[] options = [.. OptionSpan().Matches(Text).Select(match => match.Groups[1].Value).Distinct()];
        Assert.True(options.Length >= 25, $"The page names {options.Length} options.");
        foreach (string option in options.Where(option => option != "--help")) AssertKnown(help, option, "the text");
    }

    [Theory]
    [InlineData("learning_rate", "--lr"), InlineData("output_dir", "--out"), InlineData("use_qlora", "--quantize nf4")]
    public async Task Names_of_other_scripts_are_answered(string other, string here)
    {
        Assert.Contains($"`{other}`", Text, StringComparison.Ordinal);
        Run.Outcome run = await Run.Vlmsharp("", "train", $"--{other}", "1");
        Assert.Equal(2, run.Code);
        Assert.Contains($"Here it is {here}.", run.Error, StringComparison.Ordinal);
    }

    private static async Task<string> Help(params string[] command)
    {
        Run.Outcome run = await Run.Vlmsharp("", [.. command, "--help"]);
        Assert.Equal(0, run.Code);
        // After the list of options come examples, which could name anything.
        return run.Output[..run.Output.IndexOf("Show help", StringComparison.Ordinal)];
    }

    private static void AssertKnown(string help, string option, string where) =>
        Assert.True(Regex.IsMatch(help, $@"(?<![\w-]){Regex.Escape(option)}(?![\w-])"), $"{where}: there is no {option}.");

    [GeneratedRegex("^    (?:mpirun -n 4 )?vlmsharp (.*)$", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex("`(--[a-z0-9-]+)")]
    private static partial Regex OptionSpan();
}
