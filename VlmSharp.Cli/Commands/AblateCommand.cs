using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Explain.Ablations;
using VlmSharp.Explain.Html;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp ablate</c>: what the model answers without each of its parts.</summary>
internal static class AblateCommand
{
    private static readonly AblationOptions Default = new();

    public static Command Create()
    {
        var file = new Argument<string>("IMAGE") { Description = "Picture file; - is a picture on standard input." };
        var prompt = new Argument<string>("PROMPT") { Description = PromptWords.Description };
        var only = new Option<string[]>("--only")
        {
            Description = "Run this switch alone; repeat it for several. layer and head.2 name all of a kind.",
            HelpName = "NAME",
        };
        var layers = new Option<bool>("--layers") { Description = "Also skip each decoder layer in turn." };
        var heads = new Option<bool>("--heads") { Description = "Also silence each head of each decoder layer in turn, one a run." };
        var other = new Option<string?>("--other-image")
        {
            Description = "Another picture: what does the model answer from that one?",
            HelpName = "FILE",
        };
        Option<int?> tokens = NumberOption.Create<int>(
            "--max-new-tokens", "N",
            $"New tokens of an answer, at most {AblationOptions.LargestMaxNewTokens} (default: {Default.MaxNewTokens}).", "-n");
        var html = new Option<string?>("--html")
        {
            Description = "Also write a page, where {name} is the picture's name.",
            HelpName = "PAGE.html",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of a table." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No notes on standard error." };
        var command = new ExampleCommand("ablate", "Switches parts of the model off, one at a time, and shows the answers.", """
            Switches: causal, no-picture, other-picture (with --other-image), no-positions, open-gate, no-embedding-scale; of
            PaliGemma 2 also attention-softcap and final-softcap; layer.0, layer.1, ... and head.LAYER.HEAD. Without --only,
            --layers and --heads all but the layers and heads are run.

            ln q is the logarithm of the probability that the changed model gives to the whole model's answer. KL is how far its
            probabilities have moved, the mean over that answer's tokens, in nats; 0 means no change. Both are computed along the whole
            model's answer (teacher forcing). The answers are greedy. A prompt may be the words of a command, as in explain.

            Examples:
              vlmsharp ablate photo.jpg "ask what is below the car?"
              vlmsharp ablate photo.jpg caption --only causal --only no-picture
              vlmsharp ablate photo.jpg caption --other-image other.jpg --layers --heads --html "{name}.ablate.html"
              vlmsharp ablate photo.jpg "detect cat" --only layer --only head.2 --json
            """) { file, prompt, only, layers, heads, other, tokens, html, json, quiet };
        FileList.RefuseOptions(file);
        foreach (Option option in new Option[] { only, other, html }) FileList.RefuseEmpty(option);
        var model = new ModelOptionsBinder();
        model.AddTo(command);
        var reading = new PictureOptionsBinder();
        reading.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(file), asked = PromptWords.PromptOf(parsed.GetRequiredValue(prompt));
            int most = NumberOption.InRange(parsed, tokens, 1, AblationOptions.LargestMaxNewTokens) ?? Default.MaxNewTokens;
            string? target = OutputName.Of(html, parsed.GetValue(html), many: false, mayNumber: false, ".html")?.For(path);
            using IComputeBackend backend = model.CreateBackend(parsed);
            using VisionLanguageModel network = model.Open(parsed, backend, cancellation);
            ImageOptions how = reading.Bind(parsed);
            var options = new AblationOptions
            {
                MaxNewTokens = most,
                Layers = parsed.GetValue(layers),
                Heads = parsed.GetValue(heads),
                Only = parsed.GetValue(only),
                OtherImage = parsed.GetValue(other) is { } another ? PictureInput.Load(another, network.Preprocessor, how).Image : null,
            };
            RgbImage picture = PictureInput.Load(path, network.Preprocessor, how).Image;
            var request = new GenerationRequest { Images = [picture], Prompt = asked };
            AblationReport report = await RunAsync(network, request, options, cancellation);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => AblationOutput.Write(o, path, report));
            else AblationOutput.Show(report);
            if (target is not null) AblationPage.Save(report, target);
            if (!parsed.GetValue(quiet))
                await RequestNotes.WriteAsync(network, request, report.PromptTokens, tokens, parsed.GetValue(tokens));
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<AblationReport> RunAsync(
        VisionLanguageModel network, GenerationRequest request, AblationOptions options, CancellationToken cancellation)
    {
        try
        {
            return await Progress.RunAsync(
                "switching parts off", share => Ablator.Run(network, request, options, share, cancellation), cancellation);
        }
        catch (RequestException e) when (e.Parameter == "only")
        {
            throw new UsageException($"--{e.Message}");
        }
    }
}
