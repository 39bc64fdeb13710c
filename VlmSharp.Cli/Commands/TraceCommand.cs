using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp trace</c>: writes every stage of the forward pass to a safetensors file.</summary>
internal static class TraceCommand
{
    // The logits of every position are [T, V]; above this size they are left out, with a note.
    private const long LargestLogits = 1L << 30;

    public static Command Create()
    {
        var output = new Option<string>("--out", "-o")
        {
            Description = "The safetensors file to write.",
            HelpName = "X.safetensors",
            Required = true,
        };
        Option<int?> tokens = NumberOption.Create<int>(
            "--max-new-tokens", "N", $"Tokens to generate greedily, stopping at nothing (default: {ModelTrace.StepLogits}).", "-n");
        var command = new ExampleCommand("trace", "Writes every intermediate of a forward pass into a safetensors file.", """
            Writes pixel_values, vision.*, projector, input_ids, text.*, logits, step_logits and tokens. For comparing with other
            implementations, and between backends.

            Examples:
              vlmsharp trace --image photo.png --prompt "caption en" --out cpu.safetensors
              vlmsharp trace --image photo.png --prompt "caption en" --backend reference --out reference.safetensors
            """) { output, tokens };
        FileList.RefuseEmpty(output);
        var prompt = new PromptBinder(required: true);
        prompt.AddTo(command);
        var model = new ModelOptionsBinder();
        model.AddTo(command);
        var reading = new PictureOptionsBinder();
        reading.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            int count = parsed.GetValue(tokens) ?? ModelTrace.StepLogits;
            if (count < 1) throw new UsageException($"--max-new-tokens {count}: give a number above 0.");
            string target = parsed.GetRequiredValue(output);
            OutputFolder.Require(target, output, isAlone: true);
            using IComputeBackend backend = model.CreateBackend(parsed);
            using VisionLanguageModel network = model.Open(parsed, backend, cancellation);
            ImageOptions how = reading.Bind(parsed);
            RgbImage[] images = [.. prompt.Files(parsed).Select(path => PictureInput.Load(path, network.Preprocessor, how).Image)];
            GenerationRequest request = prompt.Request(parsed, images);
            long positions = (long)request.Images.Count * network.Config.Vision.Patches
                + (request.PromptIds?.Count ?? request.Prompt.Length + 2);
            bool logits = positions * network.Config.Text.VocabSize * sizeof(float) <= LargestLogits;
            if (!logits)
            {
                await Console.Error.WriteLineAsync(
                    "vlmsharp: the logits of every prompt position would take over 1 GiB and are left out; step_logits has the last one's");
            }

            Trace trace = await Progress.RunAsync("tracing", () => ModelTrace.Run(network, request, count, logits), cancellation);
            trace.Save(target);
            await RequestNotes.WriteAsync(network, request, trace.InputIds.Count, tokens, count);
            return ExitCodes.Success;
        });
        return command;
    }
}
