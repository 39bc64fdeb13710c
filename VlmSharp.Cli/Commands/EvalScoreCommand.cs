using System.CommandLine;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval score</c>: scores existing predictions of any model; no model is loaded.</summary>
internal static class EvalScoreCommand
{
    public static Command Create() => new ExampleCommand("score", "Scores predictions in the benchmarks' own files; needs no model.", "")
    {
        EvalScoreCaptionCommand.Create(),
        EvalScoreVqaCommand.Create(),
        EvalScoreDetectCommand.Create(),
    };
}
