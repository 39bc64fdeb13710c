using System.CommandLine;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp segment</c>: boxes around things, and their shapes.</summary>
internal static class SegmentCommand
{
    public static Command Create() => DetectCommand.Create(
        new ExampleCommand("segment", "Finds things in a picture, and their shapes.", """
            Prints the same lines as detect, for models that were trained to segment (paligemma-*-mix is). A model gives a shape as
            sixteen codes, which a second, small network turns into a mask: vae-oid.npz, to be downloaded once and put into the model's
            folder, or named by --mask-decoder. With --json each mask is there in COCO's run-length encoding.

            Examples:
              vlmsharp segment --model paligemma-3b-mix-448 photo.jpg cat --mask cat.png
              vlmsharp segment --model paligemma-3b-mix-448 photo.jpg "cat ; dog" --draw found.png --mask "mask-{n}.png"
              vlmsharp segment --model paligemma-3b-mix-448 photo.jpg cat --mask cat.json --mask-format coco
              vlmsharp segment --model paligemma-3b-mix-448 photo.jpg cat --json --no-masks
            """), masks: true);
}
