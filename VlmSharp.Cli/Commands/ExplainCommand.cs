using System.CommandLine;
using System.Diagnostics;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Explain;
using VlmSharp.Explain.Html;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp explain</c>: one page that shows what the model saw and did.</summary>
internal static class ExplainCommand
{
    private const string DefaultName = "{name}.explain.html";
    private const int LargestCandidates = 100;

    private static readonly ExplanationOptions Default = new();

    public static Command Create()
    {
        var file = new Argument<string>("IMAGE") { Description = "Picture file; - is a picture on standard input." };
        var prompt = new Argument<string>("PROMPT") { Description = PromptWords.Description };
        var output = new Option<string>("--out", "-o")
        {
            Description = "The page to write, where {name} is the picture's name; - is standard output.",
            HelpName = "PAGE.html",
            DefaultValueFactory = _ => DefaultName,
        };
        Option<int?> tokens = NumberOption.Create<int>(
            "--max-new-tokens", "N",
            $"New tokens, at most {ExplanationOptions.LargestMaxNewTokens} (default: {Default.MaxNewTokens}).", "-n");
        Option<int?> candidates = NumberOption.Create<int>(
            "--candidates", "N", $"Candidates to show for each new token (default: {Default.Candidates}).");
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No timings on standard error." };
        var command = new ExampleCommand("explain", "Shows on one HTML page what the model saw and did.", """
            The page has the resized picture and its patches, the tokens, the mask, the size of every stage, and for each new
            token its candidates and a heat map of where the model looked. It is one file without scripts, to read and to send on.
            Prints the page's path. A prompt that begins with the name of a command, such as "ask is it raining?", becomes what
            that command sends, here "answer en is it raining?"; any other goes to the model word for word.

            Examples:
              vlmsharp explain photo.jpg caption
              vlmsharp explain photo.jpg "ask where is the cat?" --out cat.html
              vlmsharp explain photo.jpg "answer de where is the cat?"
              vlmsharp explain --model paligemma-3b-mix-224 photo.jpg "detect cat"
            """) { file, prompt, output, tokens, candidates, quiet };
        FileList.RefuseOptions(file);
        FileList.RefuseEmpty(output);
        var model = new ModelOptionsBinder();
        model.AddTo(command);
        var reading = new PictureOptionsBinder();
        reading.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new ExplanationOptions
            {
                MaxNewTokens = NumberOption.InRange(parsed, tokens, 1, ExplanationOptions.LargestMaxNewTokens) ?? Default.MaxNewTokens,
                Candidates = NumberOption.InRange(parsed, candidates, 1, LargestCandidates) ?? Default.Candidates,
            };
            string path = parsed.GetRequiredValue(file), target = StandardOutput.NameOr(parsed.GetValue(output)!);
            if (target != StandardOutput.Name)
                target = OutputName.Of(output, target, many: false, mayNumber: false, ".html")!.For(path);
            string asked = PromptWords.PromptOf(parsed.GetRequiredValue(prompt));
            using IComputeBackend backend = model.CreateBackend(parsed);
            using VisionLanguageModel network = model.Open(parsed, backend, cancellation);
            var request = new GenerationRequest { Images = [PictureInput.Load(path, reading.Bind(parsed))], Prompt = asked };
            long start = Stopwatch.GetTimestamp();
            Explanation explanation = await Progress.RunAsync(
                "looking at the picture", () => Explainer.Run(network, request, options, cancellation), cancellation);
            TimeSpan ran = Stopwatch.GetElapsedTime(start);
            long bytes = Write(explanation, target);
            if (parsed.GetValue(quiet)) return ExitCodes.Success;
            await RequestNotes.WriteAsync(network, request, explanation.Tokens.Count, tokens, parsed.GetValue(tokens));
            await Console.Error.WriteLineAsync(Summary(network, explanation, ran, bytes));
            return ExitCodes.Success;
        });
        return command;
    }

    private static long Write(Explanation explanation, string target)
    {
        if (target == StandardOutput.Name)
        {
            using var page = new MemoryStream();
            ExplanationPage.Write(explanation, page);
            Console.Out.Write(System.Text.Encoding.UTF8.GetString(page.GetBuffer(), 0, (int)page.Length));
            return page.Length;
        }

        ExplanationPage.Save(explanation, target);
        Console.Out.WriteLine(MessageWriter.Name(target));
        return new FileInfo(target).Length;
    }

    private static string Summary(VisionLanguageModel network, Explanation explanation, TimeSpan ran, long bytes) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"load {network.LoadTime.TotalSeconds:0.000} s | " +
        $"{explanation.Tokens.Count} + {explanation.Steps.Count} tokens {ran.TotalSeconds:0.00} s | " +
        $"page {bytes / 1000.0:0} kB | {explanation.Backend}");
}
