using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Bench.Callers;

/// <summary>
/// <c>soak [--requests N] [--callers N] [--seed N]</c>: <see cref="EngineSoak"/>, which prints a summary line and reports faults by its
/// exit status.
/// </summary>
internal static class SoakProgram
{
    /// <summary>Runs the test.</summary>
    /// <returns>The exit status: 0 without a fault, 1 with faults, 2 for unknown options.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var values = new Dictionary<string, int> { ["--requests"] = 2000, ["--callers"] = 64, ["--seed"] = 1 };
        for (int i = 0; i < args.Length; i += 2)
        {
            if (values.ContainsKey(args[i])
                && i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out int value) && value > 0)
            {
                values[args[i]] = value;
                continue;
            }

            Console.Error.WriteLine("usage: soak [--requests N] [--callers N] [--seed N], with numbers above 0");
            return 2;
        }

        using var backend = new CpuBackend();
        (string summary, IReadOnlyList<string> faults) =
            await EngineSoak.RunAsync(backend, values["--requests"], values["--callers"], values["--seed"]);
        foreach (string fault in faults) Console.Error.WriteLine(fault);
        Console.WriteLine(summary);
        return faults.Count == 0 ? 0 : 1;
    }
}
