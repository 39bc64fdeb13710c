using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Bench.Callers;

/// <summary><c>soak [--requests N] [--callers N] [--seed N]</c>: <see cref="EngineSoak"/>, with a line at the end and a status that tells of faults.</summary>
internal static class SoakProgram
{
    /// <summary>Runs it.</summary>
    /// <returns>The exit status: 0 where there was no fault, 1 where there was, 2 for options that are not understood.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var values = new Dictionary<string, int> { ["--requests"] = 2000, ["--callers"] = 64, ["--seed"] = 1 };
        for (int i = 0; i < args.Length; i += 2)
        {
            if (values.ContainsKey(args[i]) && i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out int value) && value > 0)
            {
                values[args[i]] = value;
                continue;
            }

            Console.Error.WriteLine("usage: soak [--requests N] [--callers N] [--seed N], with numbers above 0");
            return 2;
        }

        using var backend = new CpuBackend();
        (string summary, IReadOnlyList<string> faults) = await EngineSoak.RunAsync(backend, values["--requests"], values["--callers"], values["--seed"]);
        foreach (string fault in faults) Console.Error.WriteLine(fault);
        Console.WriteLine(summary);
        return faults.Count == 0 ? 0 : 1;
    }
}
