using System.CommandLine;
using System.Text;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Storage;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp batch merge</c>: writes the records of all shards in the order of the input.</summary>
internal static class BatchMergeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "What was --out, a folder or s3://BUCKET/PREFIX; all its shards must be done.",
        };
        var output = new Option<string?>("--out", "-o")
        {
            Description = "File, or s3://BUCKET/KEY, to write (default: -, standard output).",
            HelpName = "FILE",
        };
        var command = new ExampleCommand("merge", "Writes the records of all shards in the order of the input.", """
            Examples:
              vlmsharp batch merge out/ --out results.jsonl
              vlmsharp batch merge out/ | jq -r .text
              vlmsharp batch merge s3://bucket/captions/ --out s3://bucket/captions.jsonl
            """) { folder, output };
        FileList.RefuseEmpty(folder);
        FileList.RefuseEmpty(output);
        command.SetAction(parsed =>
        {
            string target = StandardOutput.NameOr(parsed.GetValue(output) ?? StandardOutput.Name);
            if (target != StandardOutput.Name && !ObjectPath.IsOne(target)) OutputFolder.Require(target, output);
            RunOutput.Look(parsed.GetRequiredValue(folder), withRecords: true, run =>
            {
                if (target == StandardOutput.Name) Write(run, Console.Out);
                else if (ObjectPath.IsOne(target)) Upload(run, ObjectPath.Parse(target));
                else WriteFile(run, target);
            });
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(RunFolder run, TextWriter lines)
    {
        foreach (byte[] record in run.Records()) lines.WriteLine(Encoding.UTF8.GetString(record));
    }

    private static void WriteFile(RunFolder run, string file) => PartialFile.Write(file, stream =>
    {
        using var lines = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" }; // in UTF-8, as the records are
        Write(run, lines);
    });

    private static void Upload(RunFolder run, ObjectPath path)
    {
        string file = Path.GetTempFileName();
        try
        {
            WriteFile(run, file);
            ObjectStore.Shared.Upload(file, path);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
