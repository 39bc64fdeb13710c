using System.Diagnostics;

namespace VlmSharp.Conformance;

/// <summary>Programs of the system that check what is shipped.</summary>
public static class Tool
{
    private const string SystemFolders = "/usr/sbin:/sbin"; // not on every user's path

    /// <summary>The assembly of the vlmsharp program, of the same configuration as these tests: <c>dotnet</c> runs it.</summary>
    public static string Vlmsharp
    {
        get
        {
            string[] parts = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);
            return Path.Combine(GoldenFiles.Root, "VlmSharp.Cli", "bin", parts[^2], parts[^1], "vlmsharp.dll");
        }
    }

    /// <summary>Where a program is, or null.</summary>
    public static string? Find(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:{SystemFolders}".Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Starts a program.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where it runs; null for here.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    public static Process Start(string name, string[] arguments, string? folder = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(Find(name) ?? name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach ((string variable, string value) in environment ?? []) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit code, and what it printed on both streams.</returns>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(
        string name, string[] arguments, string? folder = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        using Process process = Start(name, arguments, folder, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}

/// <summary>A test that needs programs of the system. Where one is missing it is reported as skipped, with this reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolFactAttribute : FactAttribute
{
    /// <summary>Sets the reason where there is one.</summary>
    /// <param name="programs">The programs; <c>root</c> stands for the right to make file systems of one's own.</param>
    public ToolFactAttribute(params string[] programs) => Skip = programs.Select(Missing).FirstOrDefault(reason => reason is not null);

    private static string? Missing(string program) => program switch
    {
        "root" => Environment.IsPrivilegedProcess ? null : "needs root, for a root file system of its own",
        _ when Tool.Find(program) is null => $"{program} is not installed (apt-get install {PackageOf(program)})",
        _ => null,
    };

    private static string PackageOf(string program) => program switch { "systemd-analyze" => "systemd", "slurmctld" => "slurm-wlm", _ => program };
}
