using System.CommandLine;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp adapter</c>: shows what is in an adapter, or merges it into a model.</summary>
internal static class AdapterCommand
{
    public static Command Create() => new ExampleCommand("adapter", "Shows LoRA adapters, and merges them into models.", """
        An adapter is a folder as PEFT writes it: adapter_config.json and adapter_model.safetensors. Every command that runs a
        model takes it with --adapter DIR.

        Examples:
          vlmsharp adapter inspect my-adapter --model paligemma-3b-pt-224
          vlmsharp adapter merge --model paligemma-3b-pt-224 --adapter my-adapter --out merged
          vlmsharp caption --model paligemma-3b-pt-224 --adapter my-adapter photo.jpg
        """) { AdapterInspectCommand.Create(), AdapterMergeCommand.Create() };
}
