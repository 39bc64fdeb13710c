using System.Diagnostics;
using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Scale.Tests.S3;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// Batches whose pictures and results are objects. Each process has its own temporary folder, as on separate machines.
/// </summary>
public sealed class StoredBatchTests : IDisposable
{
    private const string Photos = $"s3://{S3Server.Bucket}/in/", Out = $"s3://{S3Server.Bucket}/out";

    private readonly Work work = new(24);

    private async Task<S3Server> StartAsync()
    {
        S3Server server = await S3Server.StartAsync();
        for (int i = 0; i < work.Count; i++) server.Objects[$"in/{i:000}.png"] = await File.ReadAllBytesAsync(work.At($"{i:000}.png"));
        server.Objects["in/read.me"] = [1]; // not a picture
        server.Objects["in/list.jsonl"] = await File.ReadAllBytesAsync(work.List);
        return server;
    }

    private int machines;

    private Process Machine(S3Server server, string[] arguments, params (string Name, string Value)[] environment)
    {
        Dictionary<string, string> variables = server.Environment;
        variables["TMPDIR"] = Directory.CreateDirectory(work.At($"machine{++machines}")).FullName;
        foreach ((string name, string value) in environment) variables[name] = value;
        return Tool.Start("dotnet", [Tool.Vlmsharp, "batch", .. arguments], environment: variables);
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(
        S3Server server, string[] arguments, params (string Name, string Value)[] environment)
    {
        using Process process = Machine(server, arguments, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Empty(Directory.GetFileSystemEntries(work.At($"machine{machines}"), "vlmsharp-run-*"));
        return (process.ExitCode, await output, await errors);
    }

    private async Task<string> RunWellAsync(S3Server server, params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync(server, arguments);
        Assert.True(code == 0, errors);
        return output;
    }

    [Fact]
    public async Task A_list_in_the_store_gives_the_result_of_a_list_of_files()
    {
        await using S3Server server = await StartAsync();
        string alone = await work.AloneAsync();
        Assert.Equal(alone, await RunWellAsync(server, $"{Photos}list.jsonl", "-q"));
        string list = work.At("away.jsonl"); // a list of files elsewhere
        await File.WriteAllLinesAsync(
            list, Enumerable.Range(0, work.Count).Select(i => $"{{\"id\": {i}, \"image\": \"{Photos}{i:000}.png\"}}"));
        Assert.Equal(alone, await RunWellAsync(server, list, "-q"));
        Assert.Empty(server.Refusals);
    }

    [Fact]
    public async Task Two_parts_below_a_prefix_give_the_result_of_a_folder()
    {
        await using S3Server server = await StartAsync();
        string folder = Directory.CreateDirectory(work.At("copy")).FullName;
        for (int i = 0; i < work.Count; i++) File.Copy(work.At($"{i:000}.png"), Path.Combine(folder, $"{i:000}.png"));
        (_, string local, _) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "batch", folder, "-q"]);
        for (int i = 0; i < 2; i++) await RunWellAsync(server, Photos, "--out", Out, "--shards", "2", "--shard", $"{i}", "-q");
        Assert.Equal([
            "out/run.json",
            .. Enumerable.Range(0, 2)
                .SelectMany(i => new[] { $"out/shard-{i:00000}-of-00002.jsonl", $"out/shard-{i:00000}-of-00002.jsonl.done" })
        ],
            server.Objects.Keys.Where(k => k.StartsWith("out/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(local, await RunWellAsync(server, "merge", Out + "/"));
        Assert.Contains("24 of 24 records", await RunWellAsync(server, "status", Out), StringComparison.Ordinal);
        await RunWellAsync(server, "merge", Out, "--out", $"{Out}.jsonl");
        Assert.Equal(local, Encoding.UTF8.GetString(server.Objects["out.jsonl"]));

        // A finished part is not run again. Other settings are refused, and the error names the place in the store.
        int pictures = Pictures(server);
        Assert.Contains(
            "is done already",
            (await RunAsync(server, [Photos, "--out", Out, "--shards", "2", "--shard", "0"])).Errors,
            StringComparison.Ordinal);
        Assert.Equal(pictures, Pictures(server));
        (int code, _, string errors) = await RunAsync(server, [Photos, "--out", Out, "--shards", "3", "--shard", "0", "-q"]);
        Assert.Equal(2, code);
        Assert.Contains($"{Out}/ holds another run: there shards is 2, here 3", errors, StringComparison.Ordinal);
        await RunWellAsync(server, Photos, "--out", Out, "--force", "-q");
        Assert.Equal(local, await RunWellAsync(server, "merge", Out));
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public async Task Another_machine_resumes_where_one_was_lost(string signal)
    {
        await using S3Server server = await StartAsync();
        server.Hold("in/016.png");
        const string Partial = "out/shard-00000-of-00001.jsonl.partial";
        // If killed without warning, the part has the results of its last copy; with a warning, all its results.
        string[] run = [$"{Photos}list.jsonl", "--out", Out, "--batch-size", "1", "-q"];
        using (Process lost = Machine(server, [.. run, "--upload-every", signal == "KILL" ? "0.2" : "10000"]))
        {
            string made = work.At("machine1");
            await Work.UntilAsync("it stands at the held picture", () => Task.FromResult(signal == "KILL"
                ? server.Objects.TryGetValue(Partial, out byte[]? bytes) && bytes.Count(b => b == '\n') == 16
                : Directory.GetDirectories(made, "vlmsharp-run-*") is [var folder] && Work.Records(folder, 0, 1) == 16));
            (await Tool.RunAsync("kill", [$"-{signal}", $"{lost.Id}"])).ToString();
            await lost.WaitForExitAsync();
        }

        Assert.Equal(16, server.Objects[Partial].Count(b => b == '\n'));
        Assert.Contains("16 of 24 records", await RunWellAsync(server, "status", Out), StringComparison.Ordinal);
        Assert.Contains("is not done (16 of 24", (await RunAsync(server, ["merge", Out])).Errors, StringComparison.Ordinal);
        server.LetGo("in/016.png");
        int before = Pictures(server);
        await RunWellAsync(server, run);
        Assert.Equal(8, Pictures(server) - before);
        Assert.DoesNotContain(Partial, server.Objects.Keys);
        Assert.Equal(await work.AloneAsync(), await RunWellAsync(server, "merge", Out));
    }

    [Fact]
    public async Task A_missing_picture_is_a_record_and_a_missing_network_ends_the_run()
    {
        await using S3Server server = await StartAsync();
        server.Objects.TryRemove("in/003.png", out _);
        string[] lines = (await RunWellAsync(server, $"{Photos}list.jsonl", "-q")).TrimEnd('\n').Split('\n');
        Assert.Equal(24, lines.Length);
        const string Missing = "s3://photos/in/003.png does not exist; check the key, and end it with / for all pictures below it.";
        Assert.Equal(
            $"{{\"index\":3,\"id\":3,\"error\":{{\"type\":\"storage\",\"message\":\"{Missing}\"}}}}",
            Assert.Single(lines, l => l.Contains("error", StringComparison.Ordinal)));

        server.Fault = r => r.Key == "in/010.png" ? S3Fault.SlowDown : null;
        (int code, _, string errors) = await RunAsync(server, [$"{Photos}list.jsonl", "--out", Out, "--batch-size", "1", "-q"]);
        Assert.True(code == 75, errors);
        Assert.Equal(10, server.Objects["out/shard-00000-of-00001.jsonl.partial"].Count(b => b == '\n')); // the finished records are kept
    }

    [Fact]
    public async Task Failed_items_of_a_stored_run_are_tried_again()
    {
        await using S3Server server = await StartAsync();
        byte[] picture = server.Objects["in/003.png"];
        server.Objects["in/003.png"] = [1, 2, 3];
        string[] command = [$"{Photos}list.jsonl", "--out", Out, "-q"];
        Assert.Contains("holds no batch", (await RunAsync(server, ["retry", .. command])).Errors, StringComparison.Ordinal);
        await RunWellAsync(server, command);
        Assert.Equal(65, (await RunAsync(server, ["retry", .. command])).Code);
        server.Objects["in/003.png"] = picture;
        await RunWellAsync(server, ["retry", .. command]);
        Assert.Equal(await work.AloneAsync(), await RunWellAsync(server, "merge", Out));
        Assert.Contains("\"errors\":0", await RunWellAsync(server, "status", Out, "--json"), StringComparison.Ordinal);

        await RunWellAsync(server, Photos, "--out", $"{Out}2", "-q");
        // read.me and list.jsonl
        Assert.Contains("{\"other\":2}", await RunWellAsync(server, "status", $"{Out}2", "--json"), StringComparison.Ordinal);
        Assert.Empty(server.Refusals);
    }

    [Theory]
    [InlineData(2, "there is no bucket nobody", "s3://nobody/in/")]
    [InlineData(2, "s3://photos/none.jsonl does not exist", "s3://photos/none.jsonl")]
    [InlineData(75, "s3://photos/none/ has no pictures", "s3://photos/none/")]
    [InlineData(2, "does not accept the credentials (SignatureDoesNotMatch)", Photos, "AWS_SECRET_ACCESS_KEY", "not the key")]
    [InlineData(2, "there are no credentials; set AWS_ACCESS_KEY_ID", Photos, "AWS_ACCESS_KEY_ID", "")]
    [InlineData(75, "http://127.0.0.1:9 cannot be reached", Photos, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")]
    public async Task Unreadable_input_ends_with_a_sentence_and_the_right_code(
        int expected, string text, string input, string? variable = null, string value = "")
    {
        await using S3Server server = await StartAsync();
        (int code, string output, string errors) = await RunAsync(server, [input, "-q"], variable is null ? [] : [(variable, value)]);
        Assert.True(code == expected, $"{code}: {errors}");
        Assert.Contains(text, errors, StringComparison.Ordinal);
        Assert.Equal("", output);
        Assert.DoesNotContain(S3Server.Secret, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private static int Pictures(S3Server server) =>
        server.Requests.Count(r => r.Method == "GET" && r.Key.EndsWith(".png", StringComparison.Ordinal));

    public void Dispose() => work.Dispose();
}
