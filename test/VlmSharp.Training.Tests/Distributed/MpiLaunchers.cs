using System.Diagnostics;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>
/// A test that starts several processes through MPI. It is skipped, with a reason, if there is no launcher.
/// </summary>
public sealed class MpiFactAttribute : FactAttribute
{
    /// <summary>Sets the reason if there is no launcher.</summary>
    public MpiFactAttribute() => Skip = MpiLaunchers.SkipReason;
}

/// <summary>A <see cref="MpiFactAttribute"/> for each launcher.</summary>
public sealed class MpiTheoryAttribute : TheoryAttribute
{
    /// <summary>Sets the reason if there is no launcher.</summary>
    public MpiTheoryAttribute() => Skip = MpiLaunchers.SkipReason;
}

/// <summary>The launchers of this machine, looked up once.</summary>
internal static class MpiLaunchers
{
    /// <summary>Open MPI and MPICH, if installed. If both are, Debian tells them apart by name.</summary>
    public static IReadOnlyList<string> All { get; } = Find();

    /// <summary>The reason to skip a test; null if there is a launcher.</summary>
    public static string? SkipReason => All.Count > 0 ? null : "no mpirun: apt-get install openmpi-bin";

    public static TheoryData<string> Data => [.. All];

    /// <summary>Starts a training in two processes: <see cref="MpiTraining"/>.</summary>
    /// <param name="launcher">The mpirun to use.</param>
    /// <param name="arguments">The arguments of <see cref="MpiTraining"/>.</param>
    /// <returns>The launcher's exit code and all output.</returns>
    public static (int Code, string Text) Run(string launcher, params string[] arguments)
    {
        string host = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        var start = new ProcessStartInfo(
            launcher, ["-n", "2", host, "exec", typeof(MpiLaunchers).Assembly.Location, MpiTraining.Name, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // Open MPI: allows root in a container and more processes than cores, and leaves time to save before it kills.
        foreach (string name in new[] { "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe" })
            start.Environment[name] = "1";
        // seconds, waited twice: before SIGTERM, and between SIGTERM and SIGKILL
        start.Environment["OMPI_MCA_odls_base_sigkill_timeout"] = "2";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{launcher} {string.Join(' ', arguments)} does not end.");
        }

        return (process.ExitCode, output.Result + error.Result);
    }

    private static string[] Find()
    {
        if (OperatingSystem.IsWindows()) return [];
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [];
        string[] named = [.. new[] { "mpirun.openmpi", "mpirun.mpich" }.Where(IsThere)];
        return named.Length > 0 ? named : IsThere("mpirun") ? ["mpirun"] : [];

        bool IsThere(string name) => folders.Any(folder => File.Exists(Path.Combine(folder, name)));
    }
}
