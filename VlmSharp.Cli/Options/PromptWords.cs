using VlmSharp.Cli.Errors;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Options;

/// <summary>The prompt of <c>explain</c> and <c>ablate</c>: the words of another command, or a literal prompt.</summary>
internal static class PromptWords
{
    /// <summary>The line of the help.</summary>
    public const string Description =
        "\"ask ...\", \"caption\", \"detect ...\" or \"segment ...\" as in those commands; else the prompt, word for word.";

    /// <summary>The prompt that the command named by the words sends, or else the words. "caption de" is already a prompt.</summary>
    /// <exception cref="UsageException">The command would reject the words.</exception>
    public static string PromptOf(string words)
    {
        try
        {
            return words.Split(' ', 2) switch
            {
                ["caption"] => VisionTask.Caption().Prompt,
                ["ask", var question] => VisionTask.Ask(question).Prompt,
                ["detect", var things] => VisionTask.Detect(things).Prompt,
                ["segment", var things] => VisionTask.Segment(things).Prompt,
                _ => words,
            };
        }
        catch (RequestException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
