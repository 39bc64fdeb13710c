using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Serving;

/// <summary>
/// Loads the framework that a server needs. vlmsharp's own runtimeconfig.json names only the .NET runtime, so that all other commands run
/// without ASP.NET Core; <c>serve</c> restarts the program with a second file that names ASP.NET Core too. On Unix the new program replaces
/// this process: process id, streams, signals and exit code stay the same.
/// </summary>
internal static partial class FrameworkRestart
{
    /// <summary>A property in the second file: the process was started with it.</summary>
    private const string Mark = "VlmSharp.Server";

    private const string Program = "vlmsharp", Framework = "Microsoft.AspNetCore.App";

    /// <summary>Whether this process can run a server.</summary>
    public static bool IsServer
    {
        get
        {
#if ASPNET
            return true; // the framework is part of the program
#else
            return AppContext.TryGetSwitch(Mark, out bool isOn) && isOn;
#endif
        }
    }

    /// <summary>Restarts as a server; returns only on Windows.</summary>
    /// <param name="arguments">The command line.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ServerUnavailableException">ASP.NET Core is not installed, or the program cannot be started.</exception>
    public static int Run(string[] arguments)
    {
        // .../dotnet/shared/Microsoft.NETCore.App/10.0.0/
        string runtime = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());
        string shared = Path.GetDirectoryName(Path.GetDirectoryName(runtime)!)!;
        if (!Directory.Exists(Path.Combine(shared, Framework)))
            throw new ServerUnavailableException(
                "serve needs the ASP.NET Core runtime, which is not installed beside this .NET: "
                + "install aspnetcore-runtime-10.0. All other commands do without.");
        string host = Path.Combine(Path.GetDirectoryName(shared)!, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string folder = AppContext.BaseDirectory;
        string[] all =
        [
            "exec",
            "--runtimeconfig",
            Path.Combine(folder, Program + ".server.runtimeconfig.json"),
            Path.Combine(folder, Program + ".dll"),
            .. arguments,
        ];
        return OperatingSystem.IsWindows() ? RunChild(host, all) : Replace(host, all);
    }

    private static int RunChild(string host, string[] arguments)
    {
        try
        {
            using Process child = Process.Start(new ProcessStartInfo(host, arguments) { UseShellExecute = false })!;
            child.WaitForExit(); // Ctrl-C goes to both processes, and this one waits
            return child.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new ServerUnavailableException($"{host} cannot be started: {e.Message}.");
        }
    }

    private static unsafe int Replace(string host, string[] arguments)
    {
        string?[] words = [host, .. arguments, null];
        nint[] pointers = Array.ConvertAll(words, Marshal.StringToCoTaskMemUTF8); // the kernel copies them; null stays null
        fixed (nint* argv = pointers) _ = Execv(host, argv);
        throw new ServerUnavailableException($"{host} cannot be started: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>Replaces the program of this process and keeps its environment; returns only on failure.</summary>
    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execv(string path, nint* argv);
}
