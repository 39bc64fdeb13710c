using System.CommandLine;
using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Options;

/// <summary>The options of every command that runs a model, and what they make.</summary>
internal sealed class ModelOptionsBinder
{
    private readonly Option<string?> model = ModelOption();

    private readonly BackendOptionsBinder backend;

    private readonly Option<string?> quantize = QuantizeOption(
        "--quantize", "Quantize the decoder while it is loaded; 'vlmsharp quantize' does it once and for all.");

    private readonly AdapterOptionsBinder adapters = new();

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

    private readonly Option<bool> ignoreExtra = IgnoreExtraOption();

    /// <param name="severalBackends">Whether a list of backends is accepted.</param>
    public ModelOptionsBinder(bool severalBackends = false) => backend = new BackendOptionsBinder(several: severalBackends);

    public void AddTo(Command command)
    {
        command.Add(model);
        adapters.AddTo(command);
        backend.AddTo(command);
        foreach (Option option in new Option[] { quantize, noAttentionSoftCap, finalSoftCap, slidingWindow, ignoreExtra })
            command.Add(option);
    }

    /// <summary>The <c>--model</c> option alone, for commands that compute nothing.</summary>
    /// <param name="description">The line of the help.</param>
    public static Option<string?> ModelOption(
        string description = "Model folder, or a name on the Hugging Face hub that 'vlmsharp pull' has fetched (default: the demo model).")
    {
        var option = new Option<string?>("--model", "-m") { Description = description, HelpName = "DIR|NAME" };
        FileList.RefuseEmpty(option);
        return option;
    }

    /// <summary>The <c>--ignore-extra-tensors</c> option.</summary>
    public static Option<bool> IgnoreExtraOption() => new("--ignore-extra-tensors")
    {
        Description = "Go on where the files hold tensors that the model does not have, without them.",
    };

    /// <summary>An option that takes a quantized format.</summary>
    public static Option<string?> QuantizeOption(string name, string description) =>
        new Option<string?>(name) { Description = description, HelpName = "int8|int4|nf4" }.AcceptOnlyFromAmong("int8", "int4", "nf4");

    /// <summary>The format that such an option names, or null without one.</summary>
    public static DType? Format(string? name) => name switch { "int8" => DType.Int8, "int4" => DType.Int4, "nf4" => DType.Nf4, _ => null };

    /// <summary>The folder of the model that <c>--model</c> names by path or by hub name; without it, the demo model's.</summary>
    public static string FolderOf(string? given) => ModelFolder.Of(given);

    /// <summary>Whether the demo model is used because no other is given.</summary>
    public bool IsDemo(ParseResult parsed) => parsed.GetValue(model) is null;

    /// <summary>The model's name on the hub, or null.</summary>
    public string? HubName(ParseResult parsed) => ModelFolder.HubName(parsed.GetValue(model));

    public string Folder(ParseResult parsed) => FolderOf(parsed.GetValue(model));

    /// <summary>The options of the backend.</summary>
    public BackendOptionsBinder Backends => backend;

    /// <summary>Starts the requested backend; never falls back to another one.</summary>
    public IComputeBackend CreateBackend(ParseResult parsed) => backend.Create(parsed, backend.Name(parsed));

    /// <summary>Opens the model on a backend with its adapters. The first adapter is the default.</summary>
    public VisionLanguageModel Open(ParseResult parsed, IComputeBackend on, CancellationToken cancellationToken, string? name = null)
    {
        IReadOnlyList<AdapterOptionsBinder.Given> given = adapters.All(parsed);
        VisionLanguageModel opened = VisionLanguageModel.Open(Folder(parsed), on, Options(parsed) with { Name = name }, cancellationToken);
        try
        {
            foreach ((string adapter, string folder) in given) opened.LoadAdapter(adapter, folder);
            if (given is [var first, ..]) opened.DefaultAdapter = first.Name;
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>The adapters and their contents, so that results of different adapters are not mixed; null without adapters.</summary>
    public string? DescribeAdapters(ParseResult parsed) => adapters.Describe(parsed);

    /// <summary>Everything about the model that results depend on, by name.</summary>
    public IEnumerable<KeyValuePair<string, string>> Describe(ParseResult parsed, VisionLanguageModel network)
    {
        yield return KeyValuePair.Create("model", network.Checkpoint.Fingerprint());
        if (DescribeAdapters(parsed) is { } given) yield return KeyValuePair.Create("adapters", given);
        yield return KeyValuePair.Create("compatibility", Options(parsed).ToString());
        yield return KeyValuePair.Create("backend", network.Backend.Name);
        bool rounds = Options(parsed).Quantization is DType.Int8 or DType.Int4
            || network.Checkpoint.Tensors.Values.Any(tensor => tensor.DType is DType.Int8 or DType.Int4);
        if (rounds && network.Backend is CpuBackend cpu)
            yield return KeyValuePair.Create("activation bits", cpu.ActivationBits.ToString(CultureInfo.InvariantCulture));
        string on = backend.Name(parsed);
        if (BackendOptionsBinder.IsGpu(on)) yield return KeyValuePair.Create("kv cache", network.Backend.KvCacheFormat.ToString());
    }

    /// <summary>Quantization and the compatibility switches.</summary>
    public ModelOptions Options(ParseResult parsed) => new()
    {
        Quantization = Format(parsed.GetValue(quantize)),
        AttentionSoftCap = !parsed.GetValue(noAttentionSoftCap),
        FinalSoftCap = parsed.GetValue(finalSoftCap),
        SlidingWindow = parsed.GetValue(slidingWindow),
        IgnoreUnexpectedTensors = parsed.GetValue(ignoreExtra),
    };
}
