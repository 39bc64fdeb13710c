using VlmSharp.Cpu;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// <c>targets MODEL_DIR [PART...]</c>: how far the CPU backend is from the machine's limits. Each figure is compared with
/// limits that are measured right before and right after it. Prints a Markdown table; takes about seven minutes with a 3B model on two
/// cores.
/// </summary>
internal static class TargetsProgram
{
    private static readonly Dictionary<string, Action<TargetTable, string>> Parts = new()
    {
        ["session"] = StageTargets.Session, // must be the first part, because it measures the first request of the process
        ["load"] = StageTargets.Load,
        ["decode"] = DecodeTargets.Formats,
        ["batch"] = DecodeTargets.Batch,
        ["head"] = DecodeTargets.Head,
        ["threads"] = DecodeTargets.Threads,
        ["448"] = LargePictureTargets.Measure,
        ["matmul"] = (table, _) => MatrixTargets.Products(table),
        ["widths"] = (table, _) => MatrixTargets.Widths(table),
        ["gradients"] = (table, _) => GradientTargets.Products(table),
        ["backward"] = (table, _) => GradientTargets.Others(table),
    };

    /// <summary>Runs the named parts, or all.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length == 0 || !Directory.Exists(args[0]) || args[1..].ToArray().Except(Parts.Keys).Any())
        {
            Console.Error.WriteLine($"usage: targets MODEL_DIR [{string.Join("|", Parts.Keys)} ...]");
            return 2;
        }
        string[] asked = args.Length > 1 ? args[1..].ToArray() : [.. Parts.Keys];
        var table = new TargetTable();
        foreach ((string name, Action<TargetTable, string> measure) in Parts.Where(part => asked.Contains(part.Key)))
        {
            table.Note(name);
            measure(table, args[0]);
        }
        using (var backend = new CpuBackend())
            Console.WriteLine($"{backend.Description}; {Path.GetFileName(Path.TrimEndingDirectorySeparator(args[0]))}\n");
        table.Write();
        return 0;
    }
}
