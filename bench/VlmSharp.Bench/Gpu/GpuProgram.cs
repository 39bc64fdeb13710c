namespace VlmSharp.Bench.Gpu;

/// <summary>
/// <c>gpu STEP</c>: runs a step of <c>bench/gpu/run</c>. Each step is its own process, so that a crash ends only that step.
/// <c>gpu merge FOLDER REPORT</c> and <c>gpu page REPORT PAGE</c> join the findings of all steps in one file, and turn that file into a
/// page.
/// </summary>
internal static class GpuProgram
{
    private static readonly Dictionary<string, Action<GpuOptions, GpuPart>> Steps = new()
    {
        ["devices"] = DeviceSteps.Devices,
        ["kernels"] = DeviceSteps.Kernels,
        ["limits"] = DeviceSteps.Limits,
        ["check"] = CheckStep.Run,
        ["goldens"] = GoldenSteps.Stages,
        ["demo"] = GoldenSteps.Demo,
        ["full-size"] = FullSizeStep.Run,
        ["operators"] = OperatorStep.Run,
        ["model"] = ModelStep.Run,
    };

    /// <summary>Runs the command.</summary>
    /// <returns>The exit status: 1 if something failed.</returns>
    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["merge", string folder, string report]:
                GpuReport.Merge(folder, report);
                return 0;
            case ["page", string report, string page]:
                File.WriteAllText(page, new GpuPage(report).Write());
                return 0;
            case [string step, .. string[] rest] when Steps.TryGetValue(step, out Action<GpuOptions, GpuPart>? run):
                GpuOptions options = GpuOptions.Parse(rest);
                var part = new GpuPart(options.Out);
                part.Try(step, () => run(options, part));
                return part.HasFailures ? 1 : 0;
            default:
                Console.Error.WriteLine(
                    $"usage: gpu {string.Join("|", Steps.Keys)} [--backend cuda|opencl] [--dry] [--out PART.json] [--model DIR] "
                    + "[--format bf16|int8|int4]\n"
                    + "       gpu merge FOLDER REPORT.json\n       gpu page REPORT.json PAGE.md");
                return 2;
        }
    }
}
