using System.CommandLine;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval</c>: how good a model's captions, answers and boxes are.</summary>
internal static class EvalCommand
{
    public static Command Create() => new ExampleCommand("eval", "Measures captions, answers and boxes as the published benchmarks do.", "")
    {
        EvalScoreCommand.Create(),
    };
}
