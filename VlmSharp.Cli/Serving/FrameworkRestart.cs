using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Serving;

/// <summary>
/// Gives the process the framework that a server needs. vlmsharp's own runtimeconfig.json names the .NET runtime alone, so that all other commands run where no more is installed; <c>serve</c>
/// begins again with a second file, which names ASP.NET Core too. On Unix the new program takes this one's place: its process id, streams, signals and exit code are the same.
/// </summary>
internal static partial class FrameworkRestart
{
    /// <summary>A property of the second file: the process was begun with it.</summary>
    private const string Mark = "VlmSharp.Server";

    private const string Program = "vlmsharp", Framework = "Microsoft.AspNetCore.App";

    /// <summary>Whether this process can be a server.</summary>
    public static bool IsServer
    {
        get
        {
#if ASPNET
            return true; // it is in the program
#else
            return AppContext.TryGetSwitch(Mark, out bool isOn) && isOn;
#endif
        }
    }

    /// <summary>Begins again as a server; returns on Windows alone.</summary>
    /// <param name="arguments">The command line.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ServerUnavailableException">ASP.NET Core is not installed, or the program cannot be started.</exception>
    public static int Run(string[] arguments)
    {
        // .../dotnet/shared/Microsoft.NETCore.App/10.0.0/
        string shared = Path.GetDirectoryName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory()))!)!;
        if (!Directory.Exists(Path.Combine(shared, Framework)))
            throw new ServerUnavailableException("serve needs the ASP.NET Core runtime, which is not installed beside this .NET: install aspnetcore-runtime-10.0. All other commands do without.");
        string host = Path.Combine(Path.GetDirectoryName(shared)!, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string folder = AppContext.BaseDirectory;
        string[] all = ["exec", "--runtimeconfig", Path.Combine(folder, Program + ".server.runtimeconfig.json"), Path.Combine(folder, Program + ".dll"), .. arguments];
        return OperatingSystem.IsWindows() ? RunChild(host, all) : Replace(host, all);
    }

    private static int RunChild(string host, string[] arguments)
    {
        try
        {
            using Process child = Process.Start(new ProcessStartInfo(host, arguments) { UseShellExecute = false })!;
            child.WaitForExit(); // Ctrl-C goes to both, and this one waits
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

    /// <summary>Puts another program into this process, with its environment; returns where that fails.</summary>
    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execv(string path, nint* argv);
}
