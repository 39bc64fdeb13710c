using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Operators;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>A kernel that is broken on purpose, and a computation that must show it.</summary>
/// <param name="Kernel">Its name in the catalog.</param>
/// <param name="Tolerance">How far the results of the intact kernel may differ from exact ones; a test cannot see smaller errors.</param>
/// <param name="Run">What must notice the faults; the backend has the broken kernel.</param>
/// <param name="Mutants">The faults to try.</param>
internal sealed record Subject(string Kernel, double Tolerance, Func<IComputeBackend, Matrix> Run, params Mutant[] Mutants)
{
    private const long MostSteps = 2_000_000; // a broken loop may not end

    /// <summary>The unnoticed mutants: no fault of the machine, no wrong number, no new bank conflict.</summary>
    public IEnumerable<string> Unnoticed()
    {
        Kernel kernel = GpuOperators<TensorCore>.Kernels.Single(k => k.Name == Kernel);
        string ptx = PtxCompiler.Compile(kernel);
        (float[] expected, long conflicts) = RunWith(kernel, ptx);
        foreach (Mutant mutant in Mutants)
        {
            string? noticed = mutant.Notice(ptx, broken =>
            {
                (float[] actual, long more) = RunWith(kernel, broken);
                if (more > conflicts) return $"{more} bank conflicts";
                int wrong = Enumerable.Range(0, expected.Length).FirstOrDefault(i => !(Math.Abs(actual[i] - expected[i]) <= Tolerance), -1);
                return wrong < 0 ? null : $"element {wrong} is {actual[wrong]}, not {expected[wrong]}";
            });
            if (noticed is null) yield return $"{Kernel}: {mutant.Name}";
        }
    }

    // A new device each time: in used memory, a result that is not written could look right.
    private (float[] Values, long Conflicts) RunWith(Kernel kernel, string ptx)
    {
        var device = new PtxDevice { ProcessorCount = 1 };
        device.Machine.MostSteps = MostSteps;
        device.Replace(kernel, ptx);
        using var backend = new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
        using Matrix y = Run(backend);
        float[] values = new float[y.Length];
        backend.Download(y, values);
        return (values, device.Reports[kernel].ExtraPasses);
    }
}
