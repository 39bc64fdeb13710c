using BenchmarkDotNet.Attributes;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Gpu;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Bench.Operators;

/// <summary>
/// Every operator on every available backend, at the sizes of PaliGemma-3B with 224 pixels: a prompt of 260 tokens, and one new token of
/// 1 and of 16 sequences. Many calls are queued; the time is that of one.
/// </summary>
public class OperatorBenchmarks
{
    private const int Calls = 16;
    private const long RotatedBytes = 300_000_000;

    private static readonly OperatorSizes[] Sizes =
        [OperatorSizes.PaliGemma(260, 0), OperatorSizes.PaliGemma(1, 260), OperatorSizes.PaliGemma(16, 260)];
    private static readonly Dictionary<string, OperatorCase> Cases = Sizes.SelectMany(OperatorCases.Of).ToDictionary(c => c.ToString());

    private IComputeBackend backend = null!;
    private OperatorInputs inputs = null!;
    private Func<Matrix> run = null!;

    /// <summary>cpu, and cuda or opencl if there is a device.</summary>
    public static IEnumerable<string> Backends =>
        ["cpu", .. GpuDevices.Find().Devices.Where(d => d.Unusable is null).Select(d => NameOf(d.Platform)).Distinct()];

    public static IEnumerable<string> Operators => Cases.Keys;

    [ParamsSource(nameof(Backends))]
    public string Backend { get; set; } = "";

    [ParamsSource(nameof(Operators))]
    public string Operator { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        backend = Create(Backend);
        inputs = new OperatorInputs(backend, RotatedBytes);
        run = Cases[Operator].Prepare(inputs);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        inputs.Dispose();
        backend.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Calls)]
    public void Run()
    {
        for (int call = 0; call < Calls; call++) run().Dispose();
        inputs.Wait();
    }

    /// <summary>Starts a backend by its name.</summary>
    internal static IComputeBackend Create(string name) => name == "cpu"
        ? new CpuBackend()
        : new GpuBackend(new GpuBackendOptions { Platform = name == "cuda" ? GpuPlatform.Cuda : GpuPlatform.OpenCL });

    private static string NameOf(GpuPlatform platform) => platform == GpuPlatform.Cuda ? "cuda" : "opencl";
}
