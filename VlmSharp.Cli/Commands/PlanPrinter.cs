using System.CommandLine;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp inspect --plan</c>: the memory that a run will need, before it runs.</summary>
internal sealed class PlanPrinter
{
    // What the runtime itself takes: compiled code, its heap, the tokenizer.
    private const long RuntimeBytes = 100L << 20;

    private readonly Option<bool> plan = new("--plan") { Description = "Say what memory a run on the CPU will need." };
    private readonly Option<int> requests = Count("--requests", 1, "Plan: requests that generate together.");
    private readonly Option<int> pictures = Count("--pictures", 1, "Plan: pictures of each request.");
    private readonly Option<int> beams = Count("--beams", 1, "Plan: beams of each request.");
    private readonly Option<int> textTokens = Count("--text-tokens", 16, "Plan: text tokens of each prompt.");
    private readonly Option<int> newTokens = Count("--max-new-tokens", new GenerationOptions().MaxNewTokens, "Plan: new tokens of each request.");
    private readonly Option<int?> threads = new("--threads") { Description = "Plan: CPU threads (default: the cores this process may use).", HelpName = "N" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { plan, requests, pictures, textTokens, newTokens, beams, threads }) command.Add(option);
    }

    /// <summary>Whether a plan is asked for.</summary>
    public bool IsAsked(ParseResult parsed) => parsed.GetValue(plan);

    /// <summary>Prints the plan.</summary>
    public void Print(ParseResult parsed, string folder, bool json)
    {
        int count = parsed.GetValue(threads) ?? Environment.ProcessorCount;
        if (count is < 1 or > 1024) throw new UsageException($"--threads {count}: give a number from 1 to 1024.");
        foreach (Option<int> option in new[] { requests, pictures, textTokens, newTokens, beams })
            if (parsed.GetValue(option) is < 1 or > 1_000_000) throw new UsageException($"{option.Name} {parsed.GetValue(option)}: give a number from 1 to 1000000.");
        MemoryPlan memory = MemoryPlan.For(folder, parsed.GetValue(requests), parsed.GetValue(pictures), parsed.GetValue(textTokens), parsed.GetValue(newTokens), parsed.GetValue(beams));
        long scratch = ScratchBytes(Checkpoint.ReadConfig(folder), count);
        long total = memory.PrivateBytes + scratch + ImageFeatureCache.DefaultMaxBytes + RuntimeBytes;
        long machine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (json)
        {
            JsonOutput.WriteLine(o => Write(o, memory, scratch, total, machine));
            return;
        }

        Console.WriteLine($"""
            {folder}: {parsed.GetValue(requests)} x ({parsed.GetValue(pictures)} picture(s) + {parsed.GetValue(textTokens)} text tokens = {memory.PromptTokens} tokens, then up to {memory.NewTokens} new ones{(parsed.GetValue(beams) > 1 ? $" in each of {parsed.GetValue(beams)} beams" : "")}), cpu, {count} thread(s)
              mapped
                weights        {Size(memory.MappedBytes)}  read from the files as they are; the system keeps what fits
              resident
                KV cache       {Size(memory.KvCacheBytes)}
                activations    {Size(memory.ActivationBytes)}
                kernels        {Size(scratch)}  scratch memory, at the most
                pictures       {Size(memory.PictureBytes)}  while they are encoded
                image tokens   {Size(ImageFeatureCache.DefaultMaxBytes)}  cache, at the most
                runtime        {Size(RuntimeBytes)}  about
                total          {Size(total)}
              machine          {Size(machine)}  {Verdict(memory.MappedBytes, total, machine)}
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

    private static string Size(long bytes) => $"{bytes / 1048576.0,9:N1} MiB";

    private static Option<int> Count(string name, int standard, string description) => new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => standard };
}
