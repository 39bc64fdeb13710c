using VlmSharp.Cli.Errors;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Options;

/// <summary>The prompt of <c>explain</c> and <c>ablate</c>, which take the words of a command or the model's own.</summary>
internal static class PromptWords
{
    /// <summary>The line of the help.</summary>
    public const string Description =
        "\"ask ...\", \"caption\", \"detect ...\" or \"segment ...\" as in those commands; else the prompt, word for word.";

    /// <summary>What the command sends that the words name, or else the words. "caption de" is what caption sends as it stands.</summary>
    /// <exception cref="UsageException">The command would refuse them.</exception>
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
