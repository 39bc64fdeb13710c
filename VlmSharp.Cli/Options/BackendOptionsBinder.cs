using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Cpu;

namespace VlmSharp.Cli.Options;

/// <summary>The options that choose and configure the backend.</summary>
internal sealed class BackendOptionsBinder
{
    private static readonly string[] Known = ["cpu", "cuda", "opencl", "reference"];
    private static readonly string[] Gpus = ["cuda", "opencl"];

    private readonly Option<string> backend;
    private readonly Option<int?> threads, device;
    private readonly Option<string?> kvCache;
    private readonly Option<string> simd = new Option<string>("--simd")
    {
        Description = "Vector width in bits of the CPU backend; auto takes the widest that pays.",
        DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "128", "256", "512");
    private readonly Option<string> activations = new Option<string>("--activation-bits")
    {
        Description = "Bits to which the CPU rounds activations for int8 weights. auto: 8 on processors with AVX-VNNI (faster, a little "
            + "less exact), else 16.",
        DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "8", "16");

    /// <param name="prefix">The text that each line of the help begins with.</param>
    /// <param name="several">Whether a list of backends is accepted.</param>
    public BackendOptionsBinder(string prefix = "", bool several = false)
    {
        backend = new Option<string>("--backend")
        {
            Description = $"{prefix}What computes: cpu (SIMD, all cores), cuda (NVIDIA cards), opencl, reference (plain loops, slow)"
                + (several ? "; or a list, which is compared." : "."),
            DefaultValueFactory = _ => "cpu",
        };
        if (several) AcceptList(backend);
        else backend.AcceptOnlyFromAmong(Known);
        threads = ThreadsOption(prefix);
        device = NumberOption.Create<int>(
            "--device", "N", $"{prefix}The GPU, by its number in 'vlmsharp devices' (default: the first of the backend).");
        kvCache = new Option<string?>("--kv-cache")
        {
            Description = $"{prefix}How a GPU keeps keys and values (default: bf16 on tensor cores, f32 elsewhere).",
            HelpName = "bf16|f32",
        };
        kvCache.AcceptOnlyFromAmong("bf16", "f32");
    }

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { backend, threads, simd, activations, device, kvCache }) command.Add(option);
    }

    /// <summary>Adds the options that a memory plan depends on.</summary>
    public void AddPlanTo(Command command)
    {
        foreach (Option option in new Option[] { backend, threads, device, kvCache }) command.Add(option);
    }

    /// <summary>The <c>--threads</c> option alone.</summary>
    /// <param name="prefix">The text that its line of the help begins with.</param>
    public static Option<int?> ThreadsOption(string prefix = "") =>
        NumberOption.Create<int>("--threads", "N", $"{prefix}CPU threads (default: the cores this process may use).");

    /// <summary>The number of threads that the option gives, or null for the default.</summary>
    public static int? ThreadsOf(ParseResult parsed, Option<int?> option) => NumberOption.InRange(parsed, option, 1, 1024);

    /// <summary>Whether a backend runs on a device with memory of its own.</summary>
    public static bool IsGpu(string name) => Gpus.Contains(name);

    /// <summary>The requested backends, at least one.</summary>
    /// <exception cref="UsageException">Another option has no effect on any of them.</exception>
    public string[] Names(ParseResult parsed)
    {
        string[] names = parsed.GetValue(backend)!.Split(',');
        Check(parsed, names, ["cpu"], threads, simd, activations);
        Check(parsed, names, Gpus, device, kvCache);
        return names;
    }

    /// <summary>The requested backend, for commands that accept only one.</summary>
    public string Name(ParseResult parsed) => Names(parsed)[0];

    /// <summary>The number of CPU threads.</summary>
    public int Threads(ParseResult parsed) => ThreadsOf(parsed, threads) ?? Environment.ProcessorCount;

    /// <summary>The number of the requested device, or null.</summary>
    public int? Device(ParseResult parsed) => parsed.GetValue(device);

    /// <summary>The format in which a backend keeps keys and values.</summary>
    public DType KvCache(ParseResult parsed, string name) => Format(parsed.GetValue(kvCache)) ?? (name == "cuda" ? DType.BF16 : DType.F32);

    /// <summary>Starts one of the requested backends; never falls back to another one.</summary>
    public IComputeBackend Create(ParseResult parsed, string name) => name switch
    {
        "reference" => new ReferenceBackend(),
        "cpu" => Checked(parsed, options => new CpuBackend(options)),
        _ => GpuSupport.Create(name, parsed.GetValue(device), Format(parsed.GetValue(kvCache))),
    };

    /// <summary>Creates something from the CPU backend's options. An unsupported vector width is a usage error.</summary>
    public T Checked<T>(ParseResult parsed, Func<CpuBackendOptions, T> create)
    {
        var options = new CpuBackendOptions
        {
            Threads = ThreadsOf(parsed, threads),
            Simd = Tier(parsed.GetValue(simd)!),
            ActivationBits = parsed.GetValue(activations) switch { "8" => 8, "16" => 16, _ => null },
        };
        try
        {
            return create(options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--simd {parsed.GetValue(simd)}: {e.Message}"); // a width that this processor lacks
        }
    }

    /// <summary>Rejects options that have no effect on any of the backends.</summary>
    private static void Check(ParseResult parsed, string[] names, string[] heed, params Option[] options)
    {
        if (names.Intersect(heed).Any()) return;
        foreach (Option option in options)
            if (parsed.GetResult(option) is { Implicit: false })
                throw new UsageException(
                    $"{option.Name} is for --backend {string.Join(" or ", heed)}: {string.Join(" and ", names)} would not heed it, " +
                    "so leave it out.");
    }

    private static void AcceptList(Option<string> option) => option.Validators.Add(result =>
    {
        string[] names = (result.GetValueOrDefault<string>() ?? "").Split(',');
        if (names.FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
            result.AddError($"{option.Name} '{unknown}': give {string.Join(", ", Known)}, or several of them with commas between.");
        else if (names.Distinct().Count() < names.Length)
            result.AddError($"{option.Name} {string.Join(",", names)}: give each backend once.");
    });

    private static DType? Format(string? name) => name switch { "bf16" => DType.BF16, "f32" => DType.F32, _ => null };

    private static SimdTier Tier(string width) => width switch
    {
        "128" => SimdTier.Vector128,
        "256" => SimdTier.Vector256,
        "512" => SimdTier.Vector512,
        _ => SimdTier.Auto,
    };
}
