using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.LoadTest;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Training.Loop;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp bench serve</c>: load-tests a server that speaks OpenAI's protocol.</summary>
internal static class BenchServeCommand
{
    public static Command Create()
    {
        var command = new ExampleCommand("serve", "Loads a vision server with requests and measures its latencies and throughput.", """
            Any server with POST /v1/chat/completions, pictures and streaming will do. Requests come as those of people who know nothing of
            each other (Poisson), and never wait for an earlier answer; all times count from the moment at which a request was due. So
            a server that stands still for a second has a second in its percentiles. With --clients requests wait for answers, which
            finds what a server can do at most. The same seed asks the same, in the same rhythm.
            Ctrl-C ends the test with the figures so far. Exit code 5 where not one request was answered.

            Errors: an HTTP status with the server's error type, timeout, connect, broken (the connection ended before the answer),
            bad_answer (no stream of chat chunks), stream: TYPE (an error inside a stream), not_sent (--max-in-flight reached).

            Examples:
              vlmsharp bench serve http://127.0.0.1:8000
              vlmsharp bench serve http://127.0.0.1:8000 --rate 2,4,8,16 --deadline-ttft 0.5 --svg load.svg
              vlmsharp bench serve http://127.0.0.1:8000 --clients 1,8,32 --requests 200 --json
              vlmsharp bench serve https://vision.example --api-key-file key.txt --image photos/ --prompt "caption en" \
                --rate 20 --duration 600
            """);
        var load = new LoadOptionsBinder();
        load.AddTo(command);
        var json = new Option<bool>("--json") { Description = "One JSON object instead of a table." };
        var svg = new Option<string?>("--svg")
        {
            Description = "Also draw latencies and throughput, over the rates or over the time.",
            HelpName = "X.svg",
        };
        var records = new Option<string?>("--records")
        {
            Description = "Also write every request with its times and its answer.",
            HelpName = "X.jsonl",
        };
        foreach (Option option in new Option[] { json, svg, records }) command.Add(option);
        foreach (Option option in new Option[] { svg, records }) FileList.RefuseEmpty(option);
        command.SetAction(async (parsed, _) =>
        {
            foreach (Option<string?> file in new[] { svg, records })
                if (parsed.GetValue(file) is { } target) OutputFolder.Require(target, file, file == svg ? ".svg" : null);
            Uri url = load.Url(parsed);
            LoadPlan plan = load.Plan(parsed, parsed.GetValue(records) is not null);
            await RequestNotes.WriteAsync(load.Note(parsed));
            using var server = new ChatServer(url, load.Key(parsed), load.Extra(parsed), load.NewConnections(parsed));
            using StopSignal stop = Cancellation.HandOver(StopSignal.Listen);
            await server.ConnectAsync(load.Model(parsed), stop.Token);
            List<StageReport> stages = await RunAsync(plan, server, stop.Token);
            string place = url.GetLeftPart(UriPartial.Path);
            var report = new LoadReport(place, server.Model, load.Seed(parsed), plan, stages);
            if (parsed.GetValue(json)) JsonOutput.WriteLine(report.WriteJson);
            else report.WriteTable();
            if (parsed.GetValue(svg) is { } picture)
                new LoadChart($"vlmsharp bench serve: {server.Model ?? place}", plan, stages).Save(picture);
            if (parsed.GetValue(records) is { } lines) RecordFile.Save(lines, stages);
            if (stop.End == TrainingEnd.Finished)
                return stages.Any(s => s.Answered + s.Canceled > 0) ? ExitCodes.Success : ExitCodes.Request;
            return stop.End == TrainingEnd.Interrupted ? ExitCodes.Canceled : ExitCodes.Terminated;
        });
        return command;
    }

    private static async Task<List<StageReport>> RunAsync(LoadPlan plan, ChatServer server, CancellationToken stop)
    {
        var stages = new List<StageReport>();
        foreach (LoadStage stage in plan.Stages)
        {
            var status = new StatusLine(Console.Error, Console.IsErrorRedirected ? null : Console.WindowWidth);
            string expected = plan.Expected(stage) is { } count ? $" of about {count}" : "";
            stages.Add(await LoadRun.RunAsync(plan, stage, server, Show, stop));
            status.Clear();
            if (stop.IsCancellationRequested) break;

            void Show(long ended, long errors, long inFlight) =>
                status.Report(_ => $"{stage}: {ended}{expected}, {inFlight} on their way, {errors} {(errors == 1 ? "error" : "errors")}");
        }

        return stages;
    }
}
