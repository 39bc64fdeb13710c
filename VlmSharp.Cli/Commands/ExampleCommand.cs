using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace VlmSharp.Cli.Commands;

/// <summary>A command whose help ends with notes and examples; in the list of commands it stays one line.</summary>
internal sealed class ExampleCommand(string name, string description, string notes) : Command(name, description)
{
    private string Notes => notes;

    /// <summary>Has every command's help print its examples.</summary>
    public static void ShowExamples(RootCommand root)
    {
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            if (help.Action is SynchronousCommandLineAction plain) help.Action = new HelpWithExamples(plain);
    }

    private sealed class HelpWithExamples(SynchronousCommandLineAction plain) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            // The library shows a command's arguments in the help of its subcommands too, which do not take them.
            foreach (Command parent in parseResult.CommandResult.Command.Parents.OfType<Command>()) parent.Arguments.Clear();
            int code = plain.Invoke(parseResult);
            if (parseResult.CommandResult.Command is not ExampleCommand command) return code;
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(command.Notes.ReplaceLineEndings(output.NewLine));
            return code;
        }
    }
}
