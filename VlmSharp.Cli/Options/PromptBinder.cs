using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tokenization;

namespace VlmSharp.Cli.Options;

/// <summary>The pictures and the literal prompt of <c>generate</c>, <c>trace</c> and <c>bench</c>.</summary>
internal sealed class PromptBinder
{
    private readonly Option<string[]> images;

    private readonly Option<string?> prompt = new("--prompt", "-p")
    {
        Description = "The prompt, word for word, for instance \"caption en\".",
        HelpName = "TEXT",
    };

    private readonly Option<string?> promptIds = new("--prompt-ids")
    {
        Description = "The prompt as token ids, for instance 2,45,108; image placeholders are put before them and no tokenizer is needed.",
        HelpName = "IDS",
    };

    private readonly Option<bool> trust = new("--trust-control-tokens")
    {
        Description = "Let control tokens written in the prompt (<eos>, <image>) mean what they say, as the reference processor does.",
    };

    private readonly bool required;

    /// <param name="required">Whether a picture and a prompt must be given, because the command has no default.</param>
    public PromptBinder(bool required)
    {
        this.required = required;
        images = new Option<string[]>("--image", "-i")
        {
            Description = "A picture, - for one on standard input; repeat it for several pictures to one prompt.",
            HelpName = "FILE",
            Required = required,
        };
        FileList.RefuseEmpty(images);
    }

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { images, prompt, promptIds, trust }) command.Add(option);
    }

    /// <summary>The picture files.</summary>
    public string[] Files(ParseResult parsed) => parsed.GetValue(images) ?? [];

    /// <summary>Makes the request for pictures that are already loaded.</summary>
    public GenerationRequest Request(ParseResult parsed, IReadOnlyList<RgbImage> loaded)
    {
        string? text = parsed.GetValue(prompt), ids = parsed.GetValue(promptIds);
        if (text is not null && ids is not null) throw new UsageException("--prompt and --prompt-ids exclude each other: give one.");
        if (text is null && ids is null && required)
            throw new UsageException("What to ask is missing: give --prompt TEXT (it may be empty) or --prompt-ids IDS.");
        return new GenerationRequest
        {
            Images = loaded,
            Prompt = text ?? "",
            PromptIds = ids is null ? null : ParseIds(ids),
            ControlTokens = parsed.GetValue(trust) ? ControlTokens.AsTokens : ControlTokens.AsText,
        };
    }

    private static int[] ParseIds(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0) throw new UsageException("--prompt-ids is empty: give numbers with commas between, for instance 2,45,108.");
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], out ids[i]))
                throw new UsageException(
                    $"--prompt-ids: '{parts[i]}' is not a token id; give numbers with commas between, for instance 2,45,108.");
        return ids;
    }
}
