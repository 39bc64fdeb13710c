using System.CommandLine;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp inspect --plan</c>: the memory that a run will need, before it runs.</summary>
internal sealed class PlanPrinter
{
    // An estimate of what the runtime itself takes: compiled code, its heap, the tokenizer.
    internal const long RuntimeBytes = 100L << 20;

    private readonly Option<bool> plan = new("--plan") { Description = "Say what memory a run will need." };
    private readonly Count requests = new("--requests", 1, "requests that generate together");
    private readonly Count pictures = new("--pictures", 1, "pictures of each request");
    private readonly Count beams = new("--beams", 1, "beams of each request");
    private readonly Count textTokens = new("--text-tokens", 16, "text tokens of each prompt");
    private readonly Count newTokens = new("--max-new-tokens", new GenerationOptions().MaxNewTokens, "new tokens of each request");
    private readonly Option<string?> quantize = ModelOptionsBinder.QuantizeOption(
        "--quantize", "Plan: the decoder is quantized while it is loaded.");
    private readonly AdapterOptionsBinder adapters = new();
    private readonly BackendOptionsBinder backend = new("Plan: ");
    private Option[] own = []; // those that only a plan heeds

    public void AddTo(Command command)
    {
        command.Add(plan);
        int before = command.Options.Count;
        foreach (Count count in new[] { requests, pictures, textTokens, newTokens, beams }) command.Add(count.Option);
        command.Add(quantize);
        adapters.AddTo(command);
        backend.AddPlanTo(command);
        own = [.. command.Options.Skip(before)];
    }

    /// <summary>Whether a plan is asked for.</summary>
    /// <exception cref="UsageException">It is not, and an option is given that only a plan heeds.</exception>
    public bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(plan)) return true;
        if (own.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is not { } given) return false;
        throw new UsageException($"{given.Name} is for {plan.Name}: give both, or leave it out.");
    }

    public void Print(ParseResult parsed, string folder, bool ignoreExtra, bool json)
    {
        string on = backend.Name(parsed);
        int together = requests.Of(parsed), images = pictures.Of(parsed), text = textTokens.Of(parsed);
        int answer = newTokens.Of(parsed), width = beams.Of(parsed);
        DType cache = BackendOptionsBinder.IsGpu(on) ? backend.KvCache(parsed, on) : DType.F32;
        string? format = parsed.GetValue(quantize);
        MemoryPlan memory = MemoryPlan.For(
            folder, together, images, text, answer, width, ModelOptionsBinder.Format(format), cache,
            [.. adapters.All(parsed).Select(a => a.Folder)], ignoreExtra);
        string prompt = $"{images} picture(s) + {text} text tokens = {memory.PromptTokens} tokens";
        string searched = width > 1 ? $" in each of {width} beams" : "";
        string run = $"{folder}: {together} x ({prompt}, then up to {memory.NewTokens} new ones{searched})";
        string? made = format is null
            ? null
            : $"\n    quantized      {Size(memory.QuantizedBytes)}  weights, made as {format} while the model is loaded";
        if (BackendOptionsBinder.IsGpu(on)) new DevicePlan(on, backend.Device(parsed), cache, memory).Print(run, made, json);
        else PrintHost(run, made, on == "cpu" ? (on, backend.Threads(parsed)) : (on, 1), folder, memory, json);
    }

    /// <summary>Prints the plan for a backend that computes in host memory.</summary>
    private static void PrintHost(string run, string? made, (string Name, int Threads) on, string folder, MemoryPlan memory, bool json)
    {
        long scratch = on.Name == "cpu" ? ScratchBytes(Checkpoint.ReadConfig(folder), on.Threads) : 0;
        long total = memory.PrivateBytes + scratch + ImageFeatureCache.DefaultMaxBytes + RuntimeBytes;
        long machine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (json)
        {
            JsonOutput.WriteLine(o => Write(o, memory, scratch, total, machine));
            return;
        }

        Console.WriteLine($"""
            {run}, {on.Name}, {on.Threads} thread(s)
              mapped
                weights        {Size(memory.MappedBytes)}  read from the files as they are; the system keeps what fits{OfAdapters(memory)}
              resident{made}
                KV cache       {Size(memory.KvCacheBytes)}
                activations    {Size(memory.ActivationBytes)}
                kernels        {Size(scratch)}  scratch memory, at most
                pictures       {Size(memory.PictureBytes)}  while they are encoded
                image tokens   {Size(ImageFeatureCache.DefaultMaxBytes)}  cache, at most
                runtime        {Size(RuntimeBytes)}  about
                total          {Size(total)}
              machine          {Size(machine)}  {Verdict(memory.MappedBytes + memory.AdapterBytes, total, machine)}
            """);
    }

    /// <summary>The most scratch memory that the CPU backend takes for a model.</summary>
    internal static long ScratchBytes(PaliGemmaConfig config, int threads)
    {
        VisionConfig v = config.Vision;
        TextConfig t = config.Text;
        int patch = 3 * v.PatchSize * v.PatchSize;
        long widest = new[] { v.HiddenSize, v.IntermediateSize, patch, t.HiddenSize, t.IntermediateSize, t.Heads * t.HeadDim }.Max();
        return CpuBackend.MostScratchBytes(widest, v.Patches, Math.Max(patch, v.HiddenSize), threads);
    }

    private static string Verdict(long mapped, long resident, long machine) =>
        resident > machine ? "it does not fit: take fewer requests, beams or new tokens, or a smaller model"
        : mapped + resident > machine ? "the weights do not fit beside it: each token reads the rest of them from the disk again"
        : "it fits";

    private static void Write(Utf8JsonWriter o, MemoryPlan memory, long scratch, long total, long machine)
    {
        o.WriteStartObject();
        o.WriteNumber("prompt_tokens", memory.PromptTokens);
        o.WriteNumber("new_tokens", memory.NewTokens);
        o.WriteNumber("mapped_bytes", memory.MappedBytes);
        o.WriteNumber("adapter_bytes", memory.AdapterBytes);
        o.WriteNumber("quantized_bytes", memory.QuantizedBytes);
        o.WriteNumber("kv_cache_bytes", memory.KvCacheBytes);
        o.WriteNumber("activation_bytes", memory.ActivationBytes);
        o.WriteNumber("kernel_bytes", scratch);
        o.WriteNumber("picture_bytes", memory.PictureBytes);
        o.WriteNumber("image_token_cache_bytes", ImageFeatureCache.DefaultMaxBytes);
        o.WriteNumber("runtime_bytes", RuntimeBytes);
        o.WriteNumber("resident_bytes", total);
        o.WriteNumber("machine_bytes", machine);
        o.WriteEndObject();
    }

    /// <summary>The line for the adapters, or an empty string without adapters.</summary>
    internal static string OfAdapters(MemoryPlan memory) => memory.AdapterBytes > 0
        ? $"\n    adapters       {Size(memory.AdapterBytes)}"
        : "";

    internal static string Size(long bytes) => $"{bytes / 1048576.0,9:N1} MiB";

    /// <summary>An option for a count of at least 1.</summary>
    private sealed class Count(string name, int standard, string what)
    {
        public Option<int?> Option { get; } = NumberOption.Create<int>(name, "N", $"Plan: {what} (default: {standard}).");

        public int Of(ParseResult parsed) => NumberOption.InRange(parsed, Option, 1, 1_000_000) ?? standard;
    }
}
