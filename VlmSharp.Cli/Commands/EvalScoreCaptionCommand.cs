using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Captions;
using VlmSharp.Evaluation.Files;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval score caption</c>: BLEU, ROUGE-L and CIDEr-D of captions, as COCO's evaluation computes them.</summary>
internal static class EvalScoreCaptionCommand
{
    private static readonly Dictionary<string, CaptionTokenization> Tokenizations = new(StringComparer.Ordinal)
    {
        ["ptb"] = CaptionTokenization.Ptb,
        ["whitespace"] = CaptionTokenization.Whitespace,
        ["none"] = CaptionTokenization.None,
    };

    public static Command Create()
    {
        var scoring = new ScoreOptionsBinder(
            "Captions, a JSON list of {image_id, caption}.", "Captions by people, COCO's annotations or such a list.");
        var tokenizer = new Option<string>("--tokenizer")
        {
            Description = "How captions become words: ptb as the benchmarks do, whitespace, none for captions that are words already.",
            HelpName = "T",
            DefaultValueFactory = _ => "ptb",
        };
        var frequencies = new Option<string?>("--cider-df")
        {
            Description = "Take CIDEr's weights of words from another corpus: a file of references, or one of --write-cider-df.",
            HelpName = "FILE",
        };
        var write = new Option<string?>("--write-cider-df")
        {
            Description = "Write the counts of words that CIDEr's weights are made of.",
            HelpName = "FILE",
        };
        tokenizer.AcceptOnlyFromAmong([.. Tokenizations.Keys]);
        foreach (Option option in new Option[] { frequencies, write }) FileList.RefuseEmpty(option);
        const string Description = "Scores captions: BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D as COCO's evaluation has them.";
        var command = new ExampleCommand("caption", Description, """
            BLEU and ROUGE-L are 0 to 1, CIDEr-D is 0 to 10; papers print a hundred times that. CIDEr-D depends on which pictures are scored
            together: for a part of a split give the whole split's references with --cider-df. Pictures without a caption or with two, and
            captions of unknown pictures, end with code 65 unless --allow-partial is given.

            Examples:
              vlmsharp eval score caption --predictions results.json --references captions_val2014.json
              vlmsharp eval score caption --predictions results.json --references captions_val2014.json --json --intervals | jq .cider
              vlmsharp eval score caption --predictions some.json --references all.json --allow-partial --cider-df all.json
            """);
        scoring.AddTo(command, tokenizer, frequencies, write);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ScoreOptions options = scoring.Bind(parsed);
            CaptionTokenization tokenization = Tokenizations[parsed.GetValue(tokenizer)!];
            string? corpus = ScoreOptionsBinder.Existing(parsed, frequencies!), target = parsed.GetValue(write);
            if (target is not null) OutputFolder.Require(target, write);
            (Pairing<CaptionCase> pairs, CaptionEvaluation scores) = await Progress.RunAsync("scoring captions", () =>
            {
                Pairing<CaptionCase> found = CaptionFiles.Pair(options.Predictions, options.References, options.AllowPartial);
                DocumentFrequencies? weights = corpus is null ? null : DocumentFrequencyFile.Read(corpus, tokenization);
                return (found, CaptionEvaluation.Of(found.Cases, tokenization, weights));
            }, cancellationToken);
            foreach (string leftOut in pairs.LeftOut) await Console.Error.WriteLineAsync($"left out: {leftOut}");
            if (options.Records is { } lines) CaptionScoresOutput.SaveRecords(lines, pairs.Cases, scores);
            if (target is not null)
            {
                using var stream = new BufferedStream(File.Create(target));
                DocumentFrequencyFile.Write(scores.Frequencies, stream);
            }

            if (options.Json) JsonOutput.WriteLine(o => CaptionScoresOutput.Write(o, scores, options.IntervalSeed));
            else CaptionScoresOutput.Show(scores, options.IntervalSeed);
            return ExitCodes.Success;
        });
        return command;
    }
}
