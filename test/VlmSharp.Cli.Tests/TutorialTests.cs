using System.Diagnostics;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary>
/// <c>docs/tutorial-adapter.md</c> as it is written: its commands, in their order, in an empty folder that has the repository's <c>demo</c>
/// and <c>test</c>, print what stands below them.
/// </summary>
public sealed partial class TutorialTests : IDisposable
{
    private const string Rest = "...";
    private static readonly string[] Linked = ["demo", "test"];

    private readonly TemporaryFolder folder = new();

    /// <summary>The links first, so that nothing goes through them.</summary>
    public void Dispose()
    {
        foreach (string name in Linked) File.Delete(folder.At(name));
        folder.Dispose();
    }

    [Fact]
    public async Task The_tutorial_does_what_it_says()
    {
        if (OperatingSystem.IsWindows()) return; // its commands are those of a Unix shell
        Prepare();
        string text = await File.ReadAllTextAsync(Path.Combine(GoldenFiles.Root, "docs", "tutorial-adapter.md"));
        int commands = 0;
        foreach (Match block in ConsoleBlock().Matches(text))
            foreach (string part in CommandStart().Split(block.Groups[1].Value).Where(part => part.Length > 0))
            {
                string[] lines = part.TrimEnd('\n').Split('\n');
                (int code, string output, string error) = await Shell(lines[0]);
                Assert.True(code == 0, $"$ {lines[0]}\n{error}");
                string[] printed = output.Length == 0 ? [] : output.TrimEnd('\n').Split('\n');
                Assert.True(Shows(lines.AsSpan(1), printed), $"$ {lines[0]}\nprinted\n{output}\nand the page shows\n{string.Join('\n', lines[1..])}");
                commands++;
            }

        Assert.True(commands >= 12, $"The tutorial has {commands} commands.");
    }

    [Theory]
    [InlineData(true, "a b", "a b"), InlineData(false, "a", "a b"), InlineData(false, "a b c", "a b"), InlineData(false, "a c", "a b")]
    [InlineData(true, "... b", "a b"), InlineData(true, "a ... d", "a b c d"), InlineData(false, "a ... e", "a b c d"), InlineData(false, "... b", "a b c")]
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
        File.WriteAllText(command, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll")}' \"$@\"\n");
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
