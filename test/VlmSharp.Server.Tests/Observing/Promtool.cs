using System.Diagnostics;
using VlmSharp.Conformance;
using VlmSharp.Server.Tests.Deploy;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>Runs Prometheus' own checker, from Debian's package prometheus.</summary>
internal static class Promtool
{
    /// <summary>The reason to skip a test that needs promtool; null if it is installed.</summary>
    public static string? Missing { get; } = Find() is null ? "promtool is not installed (apt-get install prometheus)" : null;

    /// <summary>Runs promtool and expects no complaint.</summary>
    public static async Task CheckAsync(string[] arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo(Find()!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"promtool {string.Join(' ', arguments)}:\n{await output}{await errors}");
    }

    private static string? Find() => Tool.Find("promtool");
}

/// <summary>A test that is skipped where promtool is not installed.</summary>
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = Promtool.Missing;
}
