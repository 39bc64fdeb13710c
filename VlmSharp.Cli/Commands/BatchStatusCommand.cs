using System.CommandLine;
using Spectre.Console;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp batch status</c>: shows the progress of a run's shards.</summary>
internal static class BatchStatusCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "What was --out: a folder, or s3://BUCKET/PREFIX." };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var command = new ExampleCommand("status", "Says how far the shards of a run are.", """
            Examples:
              vlmsharp batch status out/
              vlmsharp batch status s3://bucket/captions/
            """) { folder, json };
        FileList.RefuseEmpty(folder);
        command.SetAction(parsed =>
        {
            RunOutput.Look(parsed.GetRequiredValue(folder), withRecords: false, run =>
            {
                if (parsed.GetValue(json)) JsonOutput.WriteLine(o => Write(o, run));
                else Show(run);
            });
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Show(RunFolder run)
    {
        Table table = Tables.Create("shard", "state", "records", "of", "errors");
        long records = 0;
        foreach (ShardStatus shard in run.Status())
        {
            table.AddRow(
                $"{shard.Plan.Shard}", Name(shard.State), $"{shard.Records}", $"{shard.Plan.CountOf(run.Items)}",
                shard.Errors is { } errors ? $"{errors}" : "-");
            records += shard.Records;
        }

        Tables.Write(table);
        Console.WriteLine($"{records} of {run.Items} records");
        if (run.Skipped.Count > 0) Console.WriteLine("not tried, because they are no pictures that can be read: "
            + $"{SkippedFiles.TextOf(run.Skipped)}");
    }

    private static void Write(System.Text.Json.Utf8JsonWriter o, RunFolder run)
    {
        o.WriteStartObject();
        o.WriteNumber("items", run.Items);
        o.WriteStartObject("skipped");
        foreach ((string kind, long count) in run.Skipped) o.WriteNumber(kind, count);
        o.WriteEndObject();
        o.WriteStartArray("shards");
        foreach (ShardStatus shard in run.Status())
        {
            o.WriteStartObject();
            o.WriteNumber("shard", shard.Plan.Shard);
            o.WriteString("state", Name(shard.State));
            o.WriteNumber("records", shard.Records);
            o.WriteNumber("of", shard.Plan.CountOf(run.Items));
            if (shard.Errors is { } errors) o.WriteNumber("errors", errors);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }

    private static string Name(ShardState state) => state switch
    {
        ShardState.Done => "done",
        ShardState.Partial => "partial",
        _ => "missing",
    };
}
