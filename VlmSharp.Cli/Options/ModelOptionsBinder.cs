using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Options;

/// <summary>The options of every command that runs a model, and what they make.</summary>
internal sealed class ModelOptionsBinder
{
    private readonly Option<string?> model = ModelOption();

    private readonly Option<string> backend = new Option<string>("--backend")
    {
        Description = "What computes: cpu (SIMD, all cores), reference (plain loops, slow).",
        DefaultValueFactory = _ => "cpu",
    }.AcceptOnlyFromAmong("cpu", "reference", "cuda");

    private readonly Option<int?> threads = ThreadsOption();

    private readonly Option<string> simd = new Option<string>("--simd")
    {
        Description = "Vector width in bits of the CPU backend; auto takes the widest that pays.",
        DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "128", "256", "512");

    private readonly Option<string?> quantize = QuantizeOption("--quantize", "Quantize the decoder while it is loaded; 'vlmsharp quantize' does it once and for all.");

    private readonly Option<bool> noAttentionSoftCap = new("--no-attention-softcap")
    {
        Description = "PaliGemma 2: leave out the attention soft-cap, as transformers' default attention does.",
    };

    private readonly Option<bool> finalSoftCap = new("--final-softcap")
    {
        Description = "PaliGemma 2: soft-cap the logits, as transformers before 4.52 did.",
    };

    private readonly Option<bool> slidingWindow = new("--sliding-window")
    {
        Description = "PaliGemma 2: honor the sliding window, as transformers does; it matters at 896 px.",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { model, backend, threads, simd, quantize, noAttentionSoftCap, finalSoftCap, slidingWindow }) command.Add(option);
    }

    /// <summary>The <c>--model</c> option alone, for commands that compute nothing.</summary>
    public static Option<string?> ModelOption()
    {
        var option = new Option<string?>("--model", "-m") { Description = "Model folder from the Hugging Face hub (default: the demo model).", HelpName = "DIR" };
        FileList.RefuseEmpty(option);
        return option;
    }

    /// <summary>The <c>--threads</c> option alone.</summary>
    /// <param name="prefix">What its line of the help begins with.</param>
    public static Option<int?> ThreadsOption(string prefix = "") => NumberOption.Create<int>("--threads", "N", $"{prefix}CPU threads (default: the cores this process may use).");

    /// <summary>The number that it gives, or null for the default.</summary>
    public static int? ThreadsOf(ParseResult parsed, Option<int?> option) => parsed.GetValue(option) is not (< 1 or > 1024) and var count
        ? count
        : throw new UsageException($"{option.Name} {parsed.GetValue(option)}: give a number from 1 to 1024.");

    /// <summary>An option that takes a quantized format.</summary>
    public static Option<string?> QuantizeOption(string name, string description) =>
        new Option<string?>(name) { Description = description, HelpName = "int8|int4" }.AcceptOnlyFromAmong("int8", "int4");

    /// <summary>The format that such an option names.</summary>
    public static DType? Format(string? name) => name switch { "int8" => DType.Int8, "int4" => DType.Int4, _ => null };

    /// <summary>The folder that <c>--model</c> names, or the demo model's beside the program.</summary>
    public static string FolderOf(string? given)
    {
        if (given is not null) return given;
        string demo = Path.Combine(AppContext.BaseDirectory, "demo", "model");
        return Directory.Exists(demo) ? demo : throw new UsageException($"No --model was given and the demo model is not at {demo}: give --model DIR.");
    }

    /// <summary>The folder of the model.</summary>
    public string Folder(ParseResult parsed) => FolderOf(parsed.GetValue(model));

    /// <summary>Starts the backend that was asked for; never another one.</summary>
    public IComputeBackend CreateBackend(ParseResult parsed) => parsed.GetValue(backend) switch
    {
        "reference" => Reference(parsed),
        "cuda" => throw new UsageException("--backend cuda: this build of VlmSharp has no CUDA backend yet; use --backend cpu."),
        _ => Checked(parsed, options => new CpuBackend(options)),
    };

    private ReferenceBackend Reference(ParseResult parsed)
    {
        foreach (Option option in new Option[] { threads, simd })
            if (parsed.GetResult(option) is { Implicit: false }) throw new UsageException($"{option.Name} is for --backend cpu: the reference computes in plain loops on one thread, so leave it out.");
        return new ReferenceBackend();
    }

    /// <summary>What measures the limits of the processor, on the threads and registers of the backend.</summary>
    public LimitProbe CreateProbe(ParseResult parsed, IComputeBackend on) => on is CpuBackend cpu ? new LimitProbe(cpu) : Checked(parsed, options => new LimitProbe(options));

    private T Checked<T>(ParseResult parsed, Func<CpuBackendOptions, T> create)
    {
        CpuBackendOptions options = CpuOptions(parsed);
        try
        {
            return create(options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--simd {parsed.GetValue(simd)}: {e.Message}"); // a width that this processor lacks
        }
    }

    /// <summary>Threads and vector width of the CPU.</summary>
    private CpuBackendOptions CpuOptions(ParseResult parsed) => new() { Threads = ThreadsOf(parsed, threads), Simd = Tier(parsed.GetValue(simd)!) };

    /// <summary>Opens the model on a backend.</summary>
    public VisionLanguageModel Open(ParseResult parsed, IComputeBackend on, CancellationToken cancellationToken) =>
        VisionLanguageModel.Open(Folder(parsed), on, Options(parsed), cancellationToken);

    /// <summary>Quantization and the compatibility switches.</summary>
    public ModelOptions Options(ParseResult parsed) => new()
    {
        Quantization = Format(parsed.GetValue(quantize)),
        AttentionSoftCap = !parsed.GetValue(noAttentionSoftCap),
        FinalSoftCap = parsed.GetValue(finalSoftCap),
        SlidingWindow = parsed.GetValue(slidingWindow),
    };

    private static SimdTier Tier(string width) => width switch
    {
        "128" => SimdTier.Vector128,
        "256" => SimdTier.Vector256,
        "512" => SimdTier.Vector512,
        _ => SimdTier.Auto,
    };
}
