using System.Diagnostics;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>Runs Python with an environment that names the test's cache.</summary>
internal static class Python
{
    public static string Program => Environment.GetEnvironmentVariable("VLMSHARP_PYTHON") is { Length: > 0 } given ? given : "python3";

    public static bool HasHub { get; } = Find();

    public static async Task<string> RunAsync(string home, Uri endpoint, string code)
    {
        using Process process = Start(
            code,
            ("HF_HOME", Path.Combine(home, "huggingface")),
            ("HF_ENDPOINT", endpoint.OriginalString),
            ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
            ("HF_HUB_DISABLE_XET", "1"));
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.True(process.ExitCode == 0, await error);
        return (await output).Trim();
    }

    private static Process Start(string code, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Program, ["-c", code]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static bool Find()
    {
        try
        {
            using Process process = Start("import huggingface_hub");
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
