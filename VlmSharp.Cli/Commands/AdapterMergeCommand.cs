using System.CommandLine;
using VlmSharp.Adapters;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp adapter merge</c>: writes a model with an adapter merged into its weights.</summary>
internal static class AdapterMergeCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelOptionsBinder.ModelOption();
        var adapter = new Option<string>("--adapter") { Description = "The adapter's folder.", HelpName = "DIR", Required = true };
        var target = new Option<string>("--out", "-o")
        {
            Description = "Folder to write; new, or empty.",
            HelpName = "DIR",
            Required = true,
        };
        Option<bool> ignoreExtra = ModelOptionsBinder.IgnoreExtraOption();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No summary on standard error." };
        var command = new ExampleCommand("merge", "Writes a model with an adapter merged into its weights.", """
            The weights are added in fp32 and stored in the base model's format, so that a bf16 model rounds the sum to bf16. The
            folder that is written is used like any other model, here and in transformers.

            Examples:
              vlmsharp adapter merge --model paligemma-3b-pt-224 --adapter my-adapter --out merged
              vlmsharp quantize merged merged-int8 --format int8
            """) { model, adapter, target, ignoreExtra, quiet };
        FileList.RefuseEmpty(adapter);
        FileList.RefuseEmpty(target);
        FileList.RefuseStandardOutput(target);
        command.SetAction(async (parsed, cancellation) =>
        {
            string from = ModelOptionsBinder.FolderOf(parsed.GetValue(model)), to = parsed.GetRequiredValue(target);
            string added = parsed.GetRequiredValue(adapter);
            bool ignores = parsed.GetValue(ignoreExtra);
            int layers = await Progress.RunAsync(
                "merging", report => AdapterMerge.Write(from, added, to, report, ignores, cancellation), cancellation);
            if (!parsed.GetValue(quiet)) await Console.Error.WriteLineAsync($"{to}: {layers} layers of {from} changed");
            return ExitCodes.Success;
        });
        return command;
    }
}
