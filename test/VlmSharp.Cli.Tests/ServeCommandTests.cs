using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp serve</c> as a separate process, from its start to a signal.</summary>
public sealed class ServeCommandTests
{
    private const int Sigterm = 15;

    /// <summary>The program of the same build configuration as these tests.</summary>
    private static string Program
    {
        get
        {
            string[] parts = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);
            return Path.Combine(GoldenFiles.Root, "VlmSharp.Cli", "bin", parts[^2], parts[^1], "vlmsharp.dll");
        }
    }

    private static Process Start(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    [Fact]
    public async Task It_prints_one_line_when_it_is_ready_and_ends_cleanly_on_a_signal()
    {
        if (OperatingSystem.IsWindows()) return; // it has no such signal
        using Process serve = Start(["serve", "--port", "0"]);
        Task<string> error = serve.StandardError.ReadToEndAsync();
        string line = await serve.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)) ?? "";
        Assert.StartsWith("listening on http://127.0.0.1:", line, StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = new Uri(line["listening on ".Length..]) };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
        string sample = Path.Combine(GoldenFiles.DemoModel, "..", "samples", "cake.png");
        using var form = new MultipartFormDataContent { { new ByteArrayContent(File.ReadAllBytes(sample)), "image", "cake.png" } };
        JsonNode answer = JsonNode.Parse(await (await client.PostAsync("/v1/caption", form)).Content.ReadAsStringAsync())!;
        Assert.Equal(("a cake", "vlmsharp-demo"), (answer["text"]!.GetValue<string>(), answer["model"]!.GetValue<string>()));
        Assert.Equal(0, Kill(serve.Id, Sigterm)); // the started process, which has replaced itself by another program
        await serve.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, serve.ExitCode);
        Assert.Equal("", await serve.StandardOutput.ReadToEndAsync());
        JsonNode logged = JsonNode.Parse(Assert.Single((await error).TrimEnd().Split('\n')))!; // health requests are not logged
        Assert.Equal(("/v1/caption", 200), (logged["route"]!.GetValue<string>(), logged["status"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_second_signal_does_not_wait_for_what_runs()
    {
        if (OperatingSystem.IsWindows()) return; // it has no such signal
        using Process serve = Start(["serve", "--port", "0", "--backend", "reference", "--drain", "600"]);
        _ = serve.StandardError.ReadToEndAsync();
        string line = await serve.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2)) ?? "";
        using var client = new HttpClient { BaseAddress = new Uri(line["listening on ".Length..]) };
        string picture =
            Convert.ToBase64String(await File.ReadAllBytesAsync(Path.Combine(GoldenFiles.DemoModel, "..", "samples", "cake.png")));
        string body = $$$"""
            {"stream": true, "ignore_eos": true, "max_tokens": 400, "n": 8, "messages": [{"role": "user", "content": [
             {"type": "text", "text": "caption en"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,{{{picture}}}"}}]}]}
            """;
        using var request =
            new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, null, "application/json") };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.StartsWith("data: ", await events.ReadLineAsync(), StringComparison.Ordinal); // the answer has started
        Assert.Equal(0, Kill(serve.Id, Sigterm));
        while ((await client.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK) await Task.Delay(10);
        Assert.Equal(0, Kill(serve.Id, Sigterm));
        await serve.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(128 + Sigterm, serve.ExitCode);
    }

    [Fact]
    public async Task The_command_line_overrides_the_environment_which_overrides_the_file()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "server.json");
        await File.WriteAllTextAsync(
            file,
            """{"port": 1, "max_queue": 2, "max_batch": 3, "no_auth": true, "log_content": true, "allow_image_hosts": ["a.example","""
                + """ "*.b.example"]}""");
        (string, string)[] environment =
            [("VLMSHARP_CONFIG", file), ("VLMSHARP_PORT", "11"), ("VLMSHARP_MAX_QUEUE", "12"), ("VLMSHARP_LOG_CONTENT", "false")];
        JsonNode config = JsonNode.Parse(await OutputAsync(Start(["serve", "--port", "21", "--print-config"], environment)))!;
        Assert.Equal([21, 12, 3], new[] { "port", "max_queue", "max_batch" }.Select(name => config[name]!.GetValue<int>()));
        Assert.True(config["no_auth"]!.GetValue<bool>());
        Assert.False(config["log_content"]!.GetValue<bool>());
        Assert.Equal(["a.example", "*.b.example"], config["allow_image_hosts"]!.AsArray().Select(v => v!.GetValue<string>()));
        Assert.Equal(300, config["timeout"]!.GetValue<double>());

        // The printed configuration is a file with the same settings.
        string again = Path.Combine(folder.Path, "again.json");
        await File.WriteAllTextAsync(again, config.ToJsonString());
        Assert.Equal(
            config.ToJsonString(),
            JsonNode.Parse(await OutputAsync(Start(["serve", "--config", again, "--print-config"])))!.ToJsonString());
    }

    [Theory]
    [InlineData("serve --host 0.0.0.0", 2, "without a key")]
    [InlineData("serve --max-batch 0", 2, "--max-batch")]
    [InlineData("serve --model no-such-folder --port 0", 3, "no-such-folder")]
    [InlineData("serve --api-key-file no-such-file", 2, "no-such-file")]
    public async Task What_cannot_be_served_is_an_error_of_one_sentence(string line, int code, string words)
    {
        using Process serve = Start(line.Split(' '));
        string error = await serve.StandardError.ReadToEndAsync(), output = await serve.StandardOutput.ReadToEndAsync();
        await serve.WaitForExitAsync();
        Assert.Equal((code, ""), (serve.ExitCode, output));
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task No_other_command_needs_aspnet()
    {
        JsonNode plain =
            JsonNode.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(Program, "runtimeconfig.json")))!["runtimeOptions"]!;
        Assert.Equal("Microsoft.NETCore.App", plain["framework"]!["name"]!.GetValue<string>());
        JsonNode server =
            JsonNode.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(Program, "server.runtimeconfig.json")))!["runtimeOptions"]!;
        Assert.Equal(
            ["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"],
            server["frameworks"]!.AsArray().Select(f => f!["name"]!.GetValue<string>()));
        using Process caption = Start(["caption", "--quiet", Path.Combine(GoldenFiles.DemoModel, "..", "samples", "cake.png")]);
        Assert.Equal("a cake", (await OutputAsync(caption)).Trim());
    }

    private static async Task<string> OutputAsync(Process process)
    {
        using (process)
        {
            string output = await process.StandardOutput.ReadToEndAsync(), error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, error);
            return output;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
