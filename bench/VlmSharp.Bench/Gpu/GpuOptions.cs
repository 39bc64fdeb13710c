using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Gpu;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Bench.Gpu;

/// <summary>The options of a step of <c>bench/gpu/run</c>.</summary>
internal sealed record GpuOptions
{
    /// <summary>cuda or opencl; the steps that compare with recorded numbers run on cpu too.</summary>
    public string Backend { get; private init; } = "cuda";

    /// <summary>Whether this is a trial of the script: the demo model and a few small cases.</summary>
    public bool IsDry { get; private init; }

    /// <summary>The file for the findings.</summary>
    public string Out { get; private init; } = "gpu-part.json";

    /// <summary>The folder of the model.</summary>
    public string Model { get; private init; } = "";

    /// <summary>BF16, Int8 or Int4.</summary>
    public DType Format { get; private init; } = DType.BF16;

    public GpuPlatform Platform => Backend == "cuda" ? GpuPlatform.Cuda : GpuPlatform.OpenCL;

    /// <summary>Reads the options.</summary>
    /// <exception cref="ArgumentException">An option is unknown or has no value.</exception>
    public static GpuOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new GpuOptions();
        for (int i = 0; i < args.Length; i++)
        {
            string name = args[i];
            if (name == "--dry")
            {
                options = options with { IsDry = true };
                continue;
            }

            if (++i == args.Length) throw new ArgumentException($"{name} needs a value.");
            options = name switch
            {
                "--backend" => options with { Backend = args[i] },
                "--out" => options with { Out = args[i] },
                "--model" => options with { Model = args[i] },
                "--format" => options with { Format = Enum.Parse<DType>(args[i], ignoreCase: true) },
                _ => throw new ArgumentException($"{name} is unknown."),
            };
        }

        return options;
    }

    /// <summary>Starts the chosen backend, which may be the CPU.</summary>
    public IComputeBackend StartAny() => Backend == "cpu" ? new CpuBackend() : Start();

    /// <summary>Starts the device.</summary>
    public GpuBackend Start() => new(new GpuBackendOptions { Platform = Platform });
}
