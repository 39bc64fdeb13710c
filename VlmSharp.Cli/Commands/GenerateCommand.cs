using System.CommandLine;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp generate</c>: a literal prompt on one picture or several.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var command = new ExampleCommand("generate", "Continues a literal prompt, of text or token ids.", """
            With --json it prints one object: token_ids, logprobs, text, finish_reason, prompt_tokens, timings.

            Examples:
              vlmsharp generate --image photo.jpg --prompt "detect cat"
              vlmsharp generate --image a.png --image b.png --prompt "answer en which one is larger?" --json
              vlmsharp generate --model DIR --image photo.jpg --prompt-ids 2,4521,108 --max-new-tokens 12
            """);
        var prompt = new PromptBinder(required: true);
        prompt.AddTo(command);
        var runner = new GenerationRunner();
        runner.AddTo(command);
        command.SetAction((parsed, cancellation) =>
            runner.RunAsync(parsed, [new GenerationRunner.Job(prompt.Files(parsed), images => prompt.Request(parsed, images))], labelled: false, cancellation));
        return command;
    }
}
