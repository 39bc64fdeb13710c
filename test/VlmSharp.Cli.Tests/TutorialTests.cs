using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>
/// Follows <c>docs/tutorial-adapter.md</c> and <c>docs/tutorial-detector.md</c>: their commands, run in order in an empty folder with the
/// repository's <c>demo</c> and <c>test</c>, print the output below them.
/// </summary>
public sealed partial class TutorialTests : IDisposable
{
    private const string Rest = "...", PagePort = "8123";
    private static readonly string[] Linked = ["demo", "test"];

    private readonly TemporaryFolder folder = new();

    /// <summary>Removes the links first, so that nothing is deleted through them.</summary>
    public void Dispose()
    {
        foreach (string name in Linked) File.Delete(folder.At(name));
        folder.Dispose();
    }

    [Fact]
    public async Task The_adapter_tutorial_does_what_it_says()
    {
        if (OperatingSystem.IsWindows()) return; // the commands need a Unix shell
        await RunPage("tutorial-adapter.md", atLeast: 12);
    }

    [Fact]
    public async Task The_detector_tutorial_does_what_it_says_and_finds_the_new_class()
    {
        if (OperatingSystem.IsWindows()) return;
        try
        {
            await RunPage("tutorial-detector.md", atLeast: 12);
        }
        finally
        {
            // if a command before the page's own failed
            if (File.Exists(folder.At("server.pid"))) await Shell("kill $(cat server.pid) 2> /dev/null || true");
        }

        double before = Score("before"), after = Score("after");
        Assert.True(after > before + 0.02, $"AP of the new class is {before} before the training and {after} after it.");

        double Score(string run)
        {
            using JsonDocument scores = JsonDocument.Parse(File.ReadAllBytes(folder.At($"{run}/scores.json")));
            return scores.RootElement.GetProperty("groups").GetProperty("category").GetProperty("cross").GetProperty("score").GetDouble();
        }
    }

    private async Task RunPage(string name, int atLeast)
    {
        Prepare();
        string text = await File.ReadAllTextAsync(Path.Combine(GoldenFiles.Root, "docs", name));
        text = text.Replace(PagePort, FreePort(), StringComparison.Ordinal); // the port on the page may be taken
        int commands = 0;
        foreach (Match block in ConsoleBlock().Matches(text))
            foreach (string part in CommandStart().Split(block.Groups[1].Value).Where(part => part.Length > 0))
            {
                string[] lines = part.TrimEnd('\n').Split('\n');
                (int code, string output, string error) = await Shell(lines[0]);
                Assert.True(code == 0, $"$ {lines[0]}\n{error}");
                string[] printed = output.Length == 0 ? [] : output.TrimEnd('\n').Split('\n');
                Assert.True(
                    Shows(lines.AsSpan(1), printed),
                    $"$ {lines[0]}\nprinted\n{output}\nand the page shows\n{string.Join('\n', lines[1..])}");
                commands++;
            }

        Assert.True(commands >= atLeast, $"The tutorial has {commands} commands.");
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(true, "a b", "a b"), InlineData(false, "a", "a b"), InlineData(false, "a b c", "a b"), InlineData(false, "a c", "a b")]
    [InlineData(true, "... b", "a b"), InlineData(true, "a ... d", "a b c d"), InlineData(false, "a ... e", "a b c d"),
        InlineData(false, "... b", "a b c")]
    public void Three_dots_stand_for_lines_that_are_not_shown(bool expected, string shown, string printed) =>
        Assert.Equal(expected, Shows(shown.Split(' '), printed.Split(' ')));

    private static bool Shows(ReadOnlySpan<string> shown, ReadOnlySpan<string> printed)
    {
        if (shown.Length == 0) return printed.Length == 0;
        if (shown[0] != Rest) return printed.Length > 0 && printed[0] == shown[0] && Shows(shown[1..], printed[1..]);
        for (int i = 0; i <= printed.Length; i++)
            if (Shows(shown[1..], printed[i..])) return true;
        return false;
    }

    /// <summary>The folders that the page reads, and the command on the path.</summary>
    private void Prepare()
    {
        foreach (string name in Linked) Directory.CreateSymbolicLink(folder.At(name), Path.Combine(GoldenFiles.Root, name));
        string command = folder.At("vlmsharp");
        File.WriteAllText(command, $"#!/bin/sh\nexec dotnet '{Tool.Vlmsharp}' \"$@\"\n");
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(command, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<(int Code, string Output, string Error)> Shell(string line)
    {
        var start = new ProcessStartInfo("sh", ["-c", line])
        {
            WorkingDirectory = folder.At("."),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{folder.At(".")}:{Environment.GetEnvironmentVariable("PATH")}", ["MLFLOW_TRACKING_URI"] = null },
        };
        using Process run = Process.Start(start)!;
        Task<string> output = run.StandardOutput.ReadToEndAsync(), error = run.StandardError.ReadToEndAsync();
        await run.WaitForExitAsync();
        return (run.ExitCode, await output, await error);
    }

    [GeneratedRegex("```console\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ConsoleBlock();

    [GeneratedRegex("^[$] ", RegexOptions.Multiline)]
    private static partial Regex CommandStart();
}
