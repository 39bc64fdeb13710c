using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Imaging;
using VlmSharp.Training.Data;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp data convert</c>: writes data of any form as JSON lines of image, prefix and suffix.</summary>
internal static class DataConvertCommand
{
    public static Command Create()
    {
        var reading = new DataOptionsBinder();
        var output = new Option<string>("--out", "-o")
        {
            Description = "JSONL file to write; pictures are named relative to it. - is standard output, and they to this folder.",
            HelpName = "FILE",
            Required = true,
        };
        var skip = new Option<bool>("--skip-bad")
        {
            Description = "Leave bad lines out and count them; otherwise the first one ends the work.",
        };
        var command = new ExampleCommand("convert", "Writes data of any form as JSONL of image, prefix and suffix.", """
            The things of COCO's files become location tokens, and with --mask-encoder segmentation tokens too. An example with several
            answers has them as a list.

            Examples:
              vlmsharp data convert instances_train2017.json --images train2017 --out train.jsonl
              vlmsharp data convert instances_train2017.json --images train2017 --mask-encoder vae-oid.npz --out masks.jsonl
              vlmsharp data convert instances_train2017.json --images train2017 --absent 1 --out train.jsonl
              vlmsharp data convert instances_train2017.json --prefix "detect all classes" --out train.jsonl
              vlmsharp data convert instances_train2017.json --images train2017 --out - | head -n 1000 > small.jsonl
            """);
        reading.AddTo(command);
        command.Add(output);
        command.Add(skip);
        FileList.RefuseEmpty(output);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = reading.Path(parsed), target = StandardOutput.NameOr(parsed.GetRequiredValue(output));
            if (target != StandardOutput.Name) OutputFolder.Require(target, output);
            DataOptions options = reading.Bind(parsed) with { SkipBad = parsed.GetValue(skip) };
            using TrainingData data = await Progress.RunAsync(
                $"reading {Path.GetFileName(path)}", () => TrainingData.Open(path, options), cancellationToken);
            Write(data, target, cancellationToken);
            string where = target == StandardOutput.Name ? "standard output" : target;
            await Console.Error.WriteLineAsync($"{where}: {data.Count} examples of {DataFormats.NameOf(data.Format)}{Rest(data)}");
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Writes a temporary file and moves it to the target when it is complete: the target may be the file that is read.</summary>
    private static void Write(TrainingData data, string target, CancellationToken cancellationToken)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(target))!; // of standard output the working folder
        if (target == StandardOutput.Name) StandardOutput.Write(Lines);
        else PartialFile.Write(target, Lines);

        void Lines(Stream stream) => JsonlWriter.Write(data, stream, folder, cancellationToken);
    }

    private static string Rest(TrainingData data)
    {
        string[] rest =
        [
            .. data.LeftOut.Select(entry => $"{entry.Value} {entry.Key}"),
            .. data.FaultCount > 0 ? [$"{data.FaultCount} bad lines"] : (string[])[],
        ];
        return rest.Length > 0 ? $"; left out: {string.Join(", ", rest)}" : "";
    }
}
