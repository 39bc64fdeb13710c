using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Options;

/// <summary>
/// The options of every command that generates, with transformers' names, and the <see cref="GenerationOptions"/> that they make.
/// </summary>
internal sealed class GenerationOptionsBinder
{
    private static readonly GenerationOptions Default = new();

    private readonly Option<int?> maxNewTokens = NumberOption.Create<int>(
        "--max-new-tokens", "N", $"Most new tokens (default: {Default.MaxNewTokens}; more for boxes).", "-n");
    private readonly Option<int?> minNewTokens = NumberOption.Create<int>("--min-new-tokens", "N", "New tokens before the end may come.");
    private readonly Option<bool> ignoreEos = new("--ignore-eos")
    {
        Description = "Go on past the end of the sequence, to --max-new-tokens.",
    };
    private readonly Option<string[]> stop = new("--stop")
    {
        Description = "Text that ends the answer, which is cut before it; may be repeated.",
        HelpName = "TEXT",
    };
    private readonly Option<float?> temperature = NumberOption.Create<float>(
        "--temperature", "T", "Sample, with the logits divided by T: below 1 safer, above 1 bolder.");
    private readonly Option<int?> topK = NumberOption.Create<int>(
        "--top-k", "K", $"Sample among the K likeliest tokens; 0 is all (default when sampling: {GenerationOptions.DefaultTopK}).");
    private readonly Option<float?> topP = NumberOption.Create<float>(
        "--top-p", "P", "Sample among the fewest tokens that together have probability P.");
    private readonly Option<float?> minP = NumberOption.Create<float>(
        "--min-p", "P", "Sample among tokens at least P times as likely as the likeliest.");
    private readonly Option<long?> seed = NumberOption.Create<long>(
        "--seed", "N", "Seed of sampling: the same seed gives the same text (default: a new one, printed).");
    private readonly Option<float?> repetitionPenalty = NumberOption.Create<float>(
        "--repetition-penalty", "X", "Above 1 makes tokens of the prompt and of the text so far less likely (default: off, 1).");
    private readonly Option<int?> noRepeatNgramSize = NumberOption.Create<int>(
        "--no-repeat-ngram-size", "N", "No run of N tokens comes twice.");
    private readonly Option<int?> beams = NumberOption.Create<int>("--beams", "N", "Beam search with N beams.");
    private readonly Option<float?> lengthPenalty = NumberOption.Create<float>(
        "--length-penalty", "X", $"Beam search: above 0 favors long texts, below 0 short ones (default: {Default.LengthPenalty}).");
    private readonly Option<int?> logProbabilities = NumberOption.Create<int>(
        "--logprobs", "N", "With --json: the N likeliest tokens of each step.");

    /// <summary>The options in the order of the help, each with the parameter that error messages name.</summary>
    private (Option Option, string Name)[] All =>
    [
        (maxNewTokens, "max_new_tokens"), (minNewTokens, "min_new_tokens"), (ignoreEos, ""), (stop, "stop_strings"),
        (temperature, "temperature"), (topK, "top_k"), (topP, "top_p"), (minP, "min_p"), (seed, "seed"),
        (repetitionPenalty, "repetition_penalty"), (noRepeatNgramSize, "no_repeat_ngram_size"),
        (beams, "num_beams"), (lengthPenalty, "length_penalty"), (logProbabilities, "logprobs"),
    ];

    public void AddTo(Command command)
    {
        foreach ((Option option, _) in All) command.Add(option);
    }

    /// <summary>Notes on options that have no effect, or only part of it; one sentence each.</summary>
    /// <param name="options">The options made from the command line.</param>
    /// <param name="promptTokens">The number of tokens in a prompt, including pictures.</param>
    /// <param name="context">The number of tokens in the model's context.</param>
    /// <param name="orMore">Whether prompts may have more tokens than <paramref name="promptTokens"/>.</param>
    public IEnumerable<string> Notes(ParseResult parsed, GenerationOptions options, int promptTokens, int context, bool orMore = false)
    {
        if (parsed.GetValue(seed) is { } given && !options.IsSampling)
            yield return $"{seed.Name} {given} changes nothing, since nothing is drawn: add {temperature.Name}, {topK.Name}, {topP.Name} "
                + $"or {minP.Name}.";
        if (RequestNotes.OfLength(maxNewTokens, parsed.GetValue(maxNewTokens), promptTokens, context, orMore) is { } cut)
            yield return cut;
    }

    /// <summary>Prints the notes for many prompts, each of which has at least the tokens of one picture.</summary>
    public async Task NoteAsync(ParseResult parsed, GenerationOptions options, PaliGemmaConfig config)
    {
        foreach (string note in Notes(parsed, options, config.Vision.Patches, config.Text.MaxPositions, orMore: true))
            await RequestNotes.WriteAsync(note);
    }

    /// <summary>Makes the generation options.</summary>
    /// <param name="json">Whether the output is JSON.</param>
    /// <param name="mostNewTokens">The most new tokens if the command line does not say it, or null for the usual limit.</param>
    /// <exception cref="UsageException">An option is out of range, or needs JSON output.</exception>
    public GenerationOptions Bind(ParseResult parsed, bool json, int? mostNewTokens = null)
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = parsed.GetValue(maxNewTokens) ?? mostNewTokens ?? Default.MaxNewTokens,
            MinNewTokens = parsed.GetValue(minNewTokens) ?? Default.MinNewTokens,
            IgnoreEndOfSequence = parsed.GetValue(ignoreEos),
            StopStrings = parsed.GetValue(stop) ?? [],
            Temperature = parsed.GetValue(temperature),
            TopK = parsed.GetValue(topK),
            TopP = parsed.GetValue(topP),
            MinP = parsed.GetValue(minP),
            Seed = parsed.GetValue(seed),
            RepetitionPenalty = parsed.GetValue(repetitionPenalty) ?? Default.RepetitionPenalty,
            NoRepeatNgramSize = parsed.GetValue(noRepeatNgramSize) ?? Default.NoRepeatNgramSize,
            Beams = parsed.GetValue(beams) ?? Default.Beams,
            LengthPenalty = parsed.GetValue(lengthPenalty) ?? Default.LengthPenalty,
            TopLogProbabilities = parsed.GetValue(logProbabilities) ?? Default.TopLogProbabilities,
        };
        try
        {
            options.Validate();
        }
        catch (RequestException e) when (e.Parameter is { } name)
        {
            // The message begins with the parameter's name, but the user knows it as an option.
            throw new UsageException(All.First(known => known.Name == name).Option.Name + e.Message[name.Length..]);
        }

        if (options.TopLogProbabilities > 0 && !json)
            throw new UsageException($"--logprobs {options.TopLogProbabilities}: only JSON has room for them, so add --json.");
        return options;
    }
}
