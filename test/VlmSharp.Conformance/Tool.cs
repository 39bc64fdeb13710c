using System.Diagnostics;

namespace VlmSharp.Conformance;

/// <summary>Runs programs of the system, for tests that check what is shipped.</summary>
public static class Tool
{
    private const string SystemFolders = "/usr/sbin:/sbin"; // not in the PATH of every user

    /// <summary>The assembly of the vlmsharp program, of the same build configuration as these tests, to be run by <c>dotnet</c>.</summary>
    public static string Vlmsharp
    {
        get
        {
            string[] parts = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);
            return Path.Combine(GoldenFiles.Root, "VlmSharp.Cli", "bin", parts[^2], parts[^1], "vlmsharp.dll");
        }
    }

    /// <summary>The path of a program, or null if it is not installed.</summary>
    public static string? Find(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:{SystemFolders}"
            .Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Starts a program.</summary>
    /// <param name="name">The name or path of the program.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="folder">The working folder; null for the current one.</param>
    /// <param name="environment">Variables to set in addition to those of this process.</param>
    public static Process Start(
        string name, string[] arguments, string? folder = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(Find(name) ?? name, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? ""
        };
        foreach ((string variable, string value) in environment ?? []) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit code and the text of both streams.</returns>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(
        string name, string[] arguments, string? folder = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        using Process process = Start(name, arguments, folder, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Overwrites the last byte of a file in place. .NET itself would refuse that while this process has the file open.</summary>
    /// <param name="path">Not on Windows, where no program can.</param>
    public static async Task OverwriteEndAsync(string path)
    {
        long last = new FileInfo(path).Length - 1;
        (int code, _, string errors) = await RunAsync("/bin/sh", ["-c", $"printf x | dd of='{path}' bs=1 seek={last} conv=notrunc"]);
        Assert.True(code == 0, errors);
    }
}

/// <summary>A test that needs programs of the system. If one is missing, the test is skipped with a reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolFactAttribute : FactAttribute
{
    /// <summary>Sets the reason if a program is missing.</summary>
    /// <param name="programs">The programs; <c>root</c> stands for the right to create mount namespaces.</param>
    public ToolFactAttribute(params string[] programs) => Skip = programs.Select(Missing).FirstOrDefault(reason => reason is not null);

    private static string? Missing(string program) => program switch
    {
        "root" => Environment.IsPrivilegedProcess ? null : "needs root, for a root file system of its own",
        _ when Tool.Find(program) is null => $"{program} is not installed (apt-get install {PackageOf(program)})",
        _ => null,
    };

    private static string PackageOf(string program) =>
        program switch { "systemd-analyze" => "systemd", "slurmctld" => "slurm-wlm", _ => program };
}
