using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace VlmSharp.Cli.Output;

/// <summary>
/// A command whose help ends with notes and examples; in the list of commands it still takes one line. Its options can be grouped.
/// </summary>
internal sealed class ExampleCommand(string name, string description, string notes) : Command(name, description)
{
    private readonly List<(string Title, int First)> groups = []; // First: index of the group's first option

    private string Notes => notes;

    /// <summary>Begins a group of options in the help: all options that are added after this call.</summary>
    /// <param name="title">The heading above the group's options.</param>
    public void BeginGroup(string title) => groups.Add((title, Options.Count));

    /// <summary>Makes the help of every command print its examples.</summary>
    public static void ShowExamples(RootCommand root)
    {
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
        {
            // A question may be "/?".
            foreach (string alias in help.Aliases.Where(alias => alias.StartsWith('/')).ToArray()) help.Aliases.Remove(alias);
            if (help.Action is SynchronousCommandLineAction plain) help.Action = new HelpWithExamples(plain);
        }
    }

    /// <summary>The library's help, with a title above the first option of each group instead of one title for all.</summary>
    private string Grouped(string help)
    {
        var titles = groups.ToDictionary(g => Options[g.First].Name, g => g.Title, StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (string line in help.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line == "Options:") continue;
            string? option = line.StartsWith("  ", StringComparison.Ordinal)
                ? line.Split(' ', ',').FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal))
                : null;
            if (option is not null && titles.Remove(option, out string? title))
            {
                if (lines is [.., not ""]) lines.Add("");
                lines.Add($"{title}:");
            }

            lines.Add(line);
        }

        return string.Join('\n', lines);
    }

    private sealed class HelpWithExamples(SynchronousCommandLineAction plain) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            // The library also shows a command's arguments in the help of its subcommands, which do not accept them.
            for (SymbolResult? above = parseResult.CommandResult.Parent; above is CommandResult parent; above = above.Parent)
                parent.Command.Arguments.Clear();
            if (parseResult.CommandResult.Command is not ExampleCommand command) return plain.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            int code = command.groups.Count == 0 ? plain.Invoke(parseResult) : InGroups(parseResult, command, output);
            output.WriteLine(command.Notes.ReplaceLineEndings(output.NewLine));
            return code;
        }

        private int InGroups(ParseResult parseResult, ExampleCommand command, TextWriter output)
        {
            using var help = new StringWriter();
            parseResult.InvocationConfiguration.Output = help;
            try
            {
                int code = plain.Invoke(parseResult);
                output.Write(command.Grouped(help.ToString()).ReplaceLineEndings(output.NewLine));
                return code;
            }
            finally
            {
                parseResult.InvocationConfiguration.Output = output;
            }
        }
    }
}
