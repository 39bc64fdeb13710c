using System.CommandLine;
using System.Runtime.InteropServices;
using VlmSharp.Cli.Options;

namespace VlmSharp.Cli.Diagnosis;

/// <summary>What this build of the program can do.</summary>
internal static class BuildChecks
{
    public static IEnumerable<Finding> All(Command root)
    {
        yield return Finding.Good(
            "program",
            $"vlmsharp {typeof(BuildChecks).Assembly.GetName().Version?.ToString(3)}, "
            + $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}");
        yield return Finding.Good("commands", string.Join(", ", root.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)));
        yield return HasServer
            ? Finding.Good("serve", "can be used")
            : Finding.Warning(
                "serve",
                "cannot be used: there is no ASP.NET Core runtime",
                "install the package aspnetcore-runtime-10.0 of your system or of https://dotnet.microsoft.com, if you want to serve");
        yield return GpuSupport.Missing is { } missing
            ? Finding.Good("GPU backend", $"not in: {missing}")
            : Finding.Good("GPU backend", "in");
    }

    /// <summary>Whether the server's framework is part of the program or installed next to the runtime.</summary>
    private static bool HasServer
    {
        get
        {
#if ASPNET
            return true;
#else
            string runtime = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd(Path.DirectorySeparatorChar);
            string? all = Path.GetDirectoryName(Path.GetDirectoryName(runtime));
            return all is not null && Directory.Exists(Path.Combine(all, "Microsoft.AspNetCore.App"));
#endif
        }
    }
}
