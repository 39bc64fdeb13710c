using System.CommandLine;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Quantization;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp quantize</c>: writes a model folder whose decoder is quantized to 8 or 4 bits.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("IN")
        {
            Description = "Model folder, or a name on the Hugging Face hub that 'vlmsharp pull' has fetched.",
        };
        var target = new Argument<string>("OUT") { Description = "Folder to write; new, or empty." };
        Option<string?> format = ModelOptionsBinder.QuantizeOption("--format", "How the decoder is stored.");
        format.Aliases.Add("-f");
        format.Required = true;
        Option<int?> threads = BackendOptionsBinder.ThreadsOption();
        Option<bool> ignoreExtra = ModelOptionsBinder.IgnoreExtraOption();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No summary on standard error." };
        var command = new ExampleCommand("quantize", "Writes a model with its decoder in 8 or 4 bits: smaller, and faster to decode.", """
            int8 stores a weight in 8.25 bits and answers nearly as the original; int4 in 4.5 bits, with a loss that can be seen.
            The head keeps 8 bits, the vision tower its format. The folder that is written is used like any other model.
            nf4 is the 4-bit format of bitsandbytes, in which adapters are trained (QLoRA): 4.13 bits, head and vision tower as they are.
            transformers reads that folder too.

            Examples:
              vlmsharp quantize paligemma-3b-mix-224 paligemma-3b-mix-224-int8 --format int8
              vlmsharp quantize paligemma-3b-pt-224 paligemma-3b-pt-224-nf4 --format nf4
              vlmsharp caption --model paligemma-3b-mix-224-int8 photo.jpg
              vlmsharp caption --model paligemma-3b-mix-224 --quantize int8 photo.jpg    (the same, made anew each time)
            """) { source, target, format, threads, ignoreExtra, quiet };
        FileList.RefuseEmpty(source);
        FileList.RefuseEmpty(target);
        FileList.RefuseStandardOutput(target);
        command.SetAction(async (parsed, cancellation) =>
        {
            string from = ModelOptionsBinder.FolderOf(parsed.GetValue(source)), to = parsed.GetValue(target)!;
            DType wanted = ModelOptionsBinder.Format(parsed.GetValue(format))!.Value;
            int? most = BackendOptionsBinder.ThreadsOf(parsed, threads);
            bool ignores = parsed.GetValue(ignoreExtra);
            QuantizationSummary made = await Progress.RunAsync(
                "quantizing", report => ModelQuantizer.Write(from, to, wanted, report, most, ignores, cancellation), cancellation);
            if (parsed.GetValue(quiet)) return ExitCodes.Success;
            using Checkpoint before = Checkpoint.Open(from, ignores), after = Checkpoint.Open(to);
            await Console.Error.WriteLineAsync(
                $"{to}: {after.TotalBytes / 1e9:0.000} GB of weights, {(double)after.TotalBytes / before.TotalBytes:P0} of " +
                $"{before.TotalBytes / 1e9:0.000} GB; {made.Quantized} of the decoder's {made.Matrices} matrices are quantized");
            return ExitCodes.Success;
        });
        return command;
    }
}
