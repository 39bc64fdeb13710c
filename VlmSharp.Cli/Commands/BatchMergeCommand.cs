using System.CommandLine;
using System.Text;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp batch merge</c>: the records of all shards in the order of the input.</summary>
internal static class BatchMergeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The folder that was --out; all its shards must be done." };
        var output = new Option<string?>("--out", "-o") { Description = "File to write (default: standard output).", HelpName = "FILE" };
        var command = new ExampleCommand("merge", "Writes the records of all shards in the order of the input.", """
            Examples:
              vlmsharp batch merge out/ --out results.jsonl
              vlmsharp batch merge out/ | jq -r .text
            """) { folder, output };
        FileList.RefuseEmpty(folder);
        FileList.RefuseEmpty(output);
        command.SetAction(parsed =>
        {
            var run = new RunFolder(parsed.GetRequiredValue(folder));
            if (parsed.GetValue(output) is { } file) WriteFile(run, file);
            else WriteStandardOutput(run);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void WriteFile(RunFolder run, string file)
    {
        string partial = file + ".partial";
        using (var stream = new BufferedStream(File.Create(partial)))
        {
            foreach (byte[] record in run.Records())
            {
                stream.Write(record);
                stream.WriteByte((byte)'\n');
            }
        }

        File.Move(partial, file, overwrite: true);
    }

    private static void WriteStandardOutput(RunFolder run)
    {
        foreach (byte[] record in run.Records()) Console.Out.WriteLine(Encoding.UTF8.GetString(record));
    }
}
