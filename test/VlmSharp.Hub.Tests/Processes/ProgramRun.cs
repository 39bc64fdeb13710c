using System.Diagnostics;
using VlmSharp.Conformance;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>Runs <c>vlmsharp</c> as a process, with an environment that hides the user's own cache and token.</summary>
internal sealed class ProgramRun : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly Task<string> error;

    private ProgramRun(Process process)
    {
        this.process = process;
        error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The program of the same build configuration as these tests.</summary>
    private static string Program
    {
        get
        {
            string[] parts = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);
            return Path.Combine(GoldenFiles.Root, "VlmSharp.Cli", "bin", parts[^2], parts[^1], "vlmsharp.dll");
        }
    }

    /// <summary>Starts the program.</summary>
    /// <param name="home">The folder to use as the user's home.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Additional environment variables.</param>
    public static ProgramRun Start(string home, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(
            n => n.StartsWith("HF_", StringComparison.Ordinal) || n.Contains("PROXY", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["HF_HOME"] = Path.Combine(home, "huggingface");
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return new ProgramRun(Process.Start(start)!);
    }

    /// <summary>Waits for the end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string home, string[] arguments, params (string Name, string Value)[] environment)
    {
        using ProgramRun run = Start(home, arguments, environment);
        return await run.EndAsync();
    }

    public async Task<(int Code, string Output, string Error)> EndAsync()
    {
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, output, await error);
    }

    /// <summary>Reads the next line that the program prints.</summary>
    public async Task<string> LineAsync() =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new IOException(await error);

    /// <summary>Kills the program, like kill -9.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
