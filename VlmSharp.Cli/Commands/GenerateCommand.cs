using System.CommandLine;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp generate</c>: continues a literal prompt on one picture or several.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var command = new ExampleCommand("generate", "Continues a literal prompt, of text or token ids.", """
            With --json it prints one object: token_ids, logprobs, text, finish_reason, prompt_tokens, timings; with --logprobs also
            top_logprobs; with --beams the tokens are those of the best beam, and its score; when sampling the seed.
            Any of --temperature, --top-k, --top-p and --min-p turns sampling on; else the likeliest token is taken.

            Examples:
              vlmsharp generate --image photo.jpg --prompt "detect cat"
              vlmsharp generate --image a.png --image b.png --prompt "answer en which one is larger?" --json
              vlmsharp generate --image photo.jpg --prompt "caption en" --stop . --logprobs 5 --json
              vlmsharp generate --model DIR --image photo.jpg --prompt-ids 2,4521,108 --max-new-tokens 12
            """);
        var prompt = new PromptBinder(required: true);
        prompt.AddTo(command);
        var runner = new GenerationRunner();
        runner.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var job = new GenerationRunner.Job(prompt.Files(parsed), null, images => prompt.Request(parsed, images));
            return runner.RunAsync(parsed, [job], labeled: false, cancellation);
        });
        return command;
    }
}
