using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Training.Runs;

namespace VlmSharp.Training.Tests.Loop;

/// <summary>Training processes that are really killed, at random moments.</summary>
public sealed partial class KillTests : IDisposable
{
    private const int Interrupt = 2, Terminate = 15;

    private readonly TemporaryFolder folder = new();

    // VLMSHARP_KILLS=100 runs the long form.
    private static int Kills =>
        int.TryParse(Environment.GetEnvironmentVariable("VLMSHARP_KILLS"), CultureInfo.InvariantCulture, out int kills) ? kills : 6;

    private Process Start(string length)
    {
        string host = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        string[] command = [host, "exec", typeof(KillTests).Assembly.Location, folder.At("out"), length];
        // Background processes ignore Ctrl-C, and so would their children, which would then never end.
        if (OperatingSystem.IsLinux()) command = ["env", "--default-signal=INT", "--default-signal=TERM", .. command];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
    }

    /// <summary>Every time, all completed steps were saved, and the run resumed from there.</summary>
    [Fact]
    public void A_complete_checkpoint_exists_whenever_a_run_is_killed()
    {
        if (OperatingSystem.IsWindows()) return;
        var random = new Random(7);
        long before = 0;
        for (int i = 0; i < Kills; i++)
        {
            using Process process = Start("endless");
            long begun = long.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture); // the training has started
            Assert.True(begun >= before, $"It went on from step {begun}, and {before} were saved.");
            for (int lines = random.Next(1, 5); lines > 0; lines--)
                begun = long.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
            Thread.Sleep(random.Next(100));
            process.Kill();
            string[] more = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            // The last line may be incomplete. The step of the last complete line had begun, so the step before it was saved.
            foreach (string line in more.SkipLast(1)) begun = long.Parse(line, CultureInfo.InvariantCulture);
            var told = new List<string>();
            using RunStore store = RunStore.Open(folder.At("out"), tell: told.Add);
            long saved = store.FindLatest()?.State.Step ?? 0;
            Assert.Empty(told);
            Assert.True(saved >= begun, $"Step {begun} had begun, and the last checkpoint is of {saved}.");
            Assert.DoesNotContain(Directory.EnumerateDirectories(store.Folder), d => Path.GetFileName(d).StartsWith('.'));
            before = saved;
        }

        Assert.True(before > 0);
    }

    [Theory]
    [InlineData(Interrupt, 130)]
    [InlineData(Terminate, 143)]
    public void A_signal_saves_and_ends_with_its_code(int signal, int code)
    {
        if (OperatingSystem.IsWindows()) return;
        using Process process = Start("endless");
        process.StandardOutput.ReadLine();
        process.StandardOutput.ReadLine();
        Assert.Equal(0, SendSignal(process.Id, signal));
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(code, process.ExitCode);
        using RunStore store = RunStore.Open(folder.At("out"));
        long saved = store.FindLatest()!.State.Step;
        long[] steps =
        [
            .. File.ReadAllLines(folder.At("out/metrics.jsonl"))
                .Select(l => JsonDocument.Parse(l).RootElement.GetProperty("step").GetInt64())
        ];
        Assert.Equal(Enumerable.Range(0, (int)saved).Select(i => (long)i), steps);
    }

    /// <summary>Twenty steps in one process equal twenty steps in several that are killed.</summary>
    [Fact]
    public void A_killed_and_resumed_run_takes_the_same_steps()
    {
        if (OperatingSystem.IsWindows()) return;
        using (Process whole = Start("twenty"))
        {
            whole.StandardOutput.ReadToEnd();
            whole.WaitForExit();
            Assert.Equal(0, whole.ExitCode);
        }

        Dictionary<string, string> expected = TestRun.Results(folder.At("out"));
        Directory.Delete(folder.At("out"), recursive: true);
        for (int processes = 0, code = -1; code != 0; processes++)
        {
            Assert.True(processes < 20);
            using Process process = Start("twenty");
            for (int i = 0; i < 4 && process.StandardOutput.ReadLine() is not null; i++) { } // at most four steps
            if (processes < 4) process.Kill();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            code = process.ExitCode;
        }

        Assert.Equal(expected, TestRun.Results(folder.At("out")));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    public void Dispose() => folder.Dispose();
}
