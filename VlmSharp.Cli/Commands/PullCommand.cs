using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp pull</c>: downloads a model from the hub into the cache. Then <c>--model</c> accepts its name.</summary>
internal static class PullCommand
{
    private const int NamesShown = 5;

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "The model on the hub: OWNER/NAME, or OWNER/NAME@REVISION." };
        Option<string?> revision = new("--revision") { Description = "A branch, a tag or a commit (default: main).", HelpName = "R" };
        Option<bool> offline = new("--offline")
        {
            Description = "Do not use the network: print the folder of a model that is complete in the cache.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be fetched, and end." };
        Option<bool> json = new("--json") { Description = "One JSON object instead of the snapshot's path." };
        Option<bool> quiet = new("--quiet", "-q") { Description = "No progress on standard error." };
        var hub = new HubOptionsBinder();
        var command = new ExampleCommand("pull", "Fetches a model from the Hugging Face hub into the cache that Python's tools share.", """
            Prints the folder of the model. From then on --model takes its name in every command. If a pull is interrupted, the next
            one continues where it ended. Every file is compared with the hub's checksum. Only what a model needs is fetched:
            configuration, tokenizer, safetensors. A model with a license needs your agreement on its page and a token, from HF_TOKEN
            or ~/.cache/huggingface/token, never from the command line. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE mean
            what they mean for Python's tools.
            Exit codes: 0 done, 3 no license, no token, wrong name or revision, 4 disk full, 75 network; worth a retry: 75, and 4 after
            making room.

            Examples:
              vlmsharp pull google/paligemma-3b-mix-224
              vlmsharp caption --model google/paligemma-3b-mix-224 photo.jpg
              vlmsharp pull google/paligemma-3b-pt-448 --revision bfloat16
              vlmsharp caption --model google/paligemma-3b-pt-448@bfloat16 photo.jpg
              vlmsharp pull google/paligemma-3b-mix-224 --dry-run
            """) { name, revision, offline, dryRun, json, quiet };
        hub.AddTo(command);
        FileList.RefuseOptions(name);
        FileList.RefuseEmpty(revision);
        command.SetAction(async (parsed, cancellation) =>
        {
            HubOptions options = hub.Bind(parsed);
            if (parsed.GetValue(offline)) options = options with { IsOffline = true };
            HubModel model = HubModel.Parse(parsed.GetValue(name)!);
            if (parsed.GetValue(revision) is { } at)
            {
                if (parsed.GetValue(name)!.Contains('@', StringComparison.Ordinal) && at != model.Revision)
                    throw new UsageException($"{parsed.GetValue(name)} and {revision.Name} {at} name two revisions: give one of them.");
                model = model.At(at);
            }

            var client = new HubClient(options);
            if (parsed.GetValue(dryRun))
            {
                HubPlan plan = await client.PlanAsync(model, cancellation);
                if (parsed.GetValue(json)) JsonOutput.WriteLine(o => Write(o, plan));
                else Show(plan);
                return ExitCodes.Success;
            }

            string path = await PullAsync(client, model, parsed.GetValue(quiet), cancellation);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => Write(o, model, path));
            else Console.Out.WriteLine(MessageWriter.Name(path));
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<string> PullAsync(HubClient client, HubModel model, bool isQuiet, CancellationToken cancellation)
    {
        if (isQuiet) return await client.PullAsync(model, null, cancellation);
        var progress = new PullProgress(Console.Error, Console.IsErrorRedirected ? null : Console.WindowWidth);
        try
        {
            return await client.PullAsync(model, progress, cancellation);
        }
        finally
        {
            progress.Clear();
        }
    }

    private static void Show(HubPlan plan)
    {
        Table table = Tables.Create("file", "size", "to fetch");
        foreach (HubPlanFile file in plan.Files)
            table.AddPlainRow(file.Name, ByteText.Of(file.Size), ByteText.Of(file.Size - file.Present));
        Tables.Write(table);
        Console.WriteLine(
            $"{plan.Model} at {plan.Commit}: {ByteText.Of(plan.Missing)} of {ByteText.Of(plan.Size)} to fetch into {plan.Snapshot}");
        if (plan.Skipped.Count > 0) Console.WriteLine($"Left there, because a model in safetensors does without: {Names(plan.Skipped)}.");
    }

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(NamesShown)) + (names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : "");

    private static void Write(Utf8JsonWriter o, HubPlan plan)
    {
        o.WriteStartObject();
        o.WriteString("model", plan.Model.Name);
        o.WriteString("revision", plan.Model.Revision);
        o.WriteString("commit", plan.Commit);
        o.WriteString("path", plan.Snapshot);
        o.WriteNumber("bytes", plan.Size);
        o.WriteNumber("to_fetch", plan.Missing);
        o.WriteStartArray("files");
        foreach (HubPlanFile file in plan.Files)
        {
            o.WriteStartObject();
            o.WriteString("name", file.Name);
            o.WriteNumber("bytes", file.Size);
            o.WriteNumber("to_fetch", file.Size - file.Present);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteStartArray("skipped");
        foreach (string name in plan.Skipped) o.WriteStringValue(name);
        o.WriteEndArray();
        o.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter o, HubModel model, string path)
    {
        o.WriteStartObject();
        o.WriteString("model", model.Name);
        o.WriteString("revision", model.Revision);
        o.WriteString("commit", Path.GetFileName(path));
        o.WriteString("path", path);
        o.WriteEndObject();
    }
}
