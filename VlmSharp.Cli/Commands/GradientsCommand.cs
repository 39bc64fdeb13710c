using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Training;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp gradients</c>: writes the loss and all gradients of one batch to a safetensors file.</summary>
internal static class GradientsCommand
{
    // The whole batch is one step in memory. Gradients are for comparisons, which need far fewer examples.
    private const int MostExamples = 4096;

    public static Command Create()
    {
        Option<string> data = TrainingOptions.Data("The examples, which together are one batch."), output = new("--out", "-o")
        {
            Description = "The safetensors file to write.",
            HelpName = "X.safetensors",
            Required = true,
        };
        FileList.RefuseEmpty(output);
        Option<string?> model = ModelOptionsBinder.ModelOption();
        Option<string?> adapter = TrainingOptions.Adapter(
            "The gradients are those of this adapter, in PEFT's layout, instead of the model's.");
        Option<string?> quantize = ModelOptionsBinder.QuantizeOption(
            "--quantize", "Quantize the decoder's frozen matrices while the model is loaded.");
        Option<bool> ignoreExtra = ModelOptionsBinder.IgnoreExtraOption();
        var backend = new BackendOptionsBinder();
        var command = new ExampleCommand("gradients", "Writes the loss and every gradient of one batch into a safetensors file.", """
            The file's lines are one batch; the loss is the mean over its target tokens. Writes 'loss' and 'grad.NAME' for every
            parameter that is not quantized, F32, under the checkpoint's names; with --adapter for the adapter's alone, under its file's
            names. For comparing with other implementations, and between backends.

            Examples:
              vlmsharp gradients --data batch.jsonl --out cpu.safetensors
              vlmsharp gradients --data batch.jsonl --backend reference --out reference.safetensors
              vlmsharp gradients --data batch.jsonl --adapter my-adapter --quantize nf4 --out adapter.safetensors
            """) { model, data, adapter, quantize, ignoreExtra, output };
        backend.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string target = parsed.GetRequiredValue(output);
            OutputFolder.Require(target, output, isAlone: true);
            using TrainingData examples = TrainingData.Open(parsed.GetRequiredValue(data));
            if (examples.Count > MostExamples)
                throw new UsageException($"{examples.Path} has {examples.Count} examples; one batch may have {MostExamples}.");
            using IComputeBackend on = backend.Create(parsed, backend.Name(parsed));
            string? folder = parsed.GetValue(adapter);
            var options = new TrainableOptions
            {
                IsTrained = _ => folder is null, // quantized parameters are frozen in any case
                AdapterFolder = folder,
                Quantization = ModelOptionsBinder.Format(parsed.GetValue(quantize)),
                Model = new ModelOptions { IgnoreUnexpectedTensors = parsed.GetValue(ignoreExtra) },
            };
            using TrainableModel trained = TrainableModel.Open(
                ModelOptionsBinder.FolderOf(parsed.GetValue(model)), on, options, cancellation);
            double loss = await Progress.RunAsync("computing gradients", () => Run(trained, examples, cancellation), cancellation);
            GradientFile.Write(target, trained, loss);
            TextWriter text = OpenFile.IsOutput(target) ? Console.Error : Console.Out; // nothing follows the gradients
            await text.WriteLineAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"loss {loss:R}"));
            return ExitCodes.Success;
        });
        return command;
    }

    private static double Run(TrainableModel model, TrainingData data, CancellationToken cancellation)
    {
        var encoder = new ExampleEncoder(model.Network.Config, model.RequireTokenizer());
        var options = new StreamOptions { BatchSize = data.Count, Batches = 1, Shuffle = false };
        var stream = new ExampleStream(data, encoder, model.Preprocessor, options);
        TrainingSequence[] batch = [.. stream.Read(default, cancellation).Single().Examples.Select(ExampleSource.ToSequence)];
        int tokens = batch.Sum(e => e.TargetCount);
        return new GradientStep(model.Network, model.Tape, new LossOptions()).Run(batch, 1.0 / tokens).Sum() / tokens;
    }
}
