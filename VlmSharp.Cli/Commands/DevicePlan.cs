using System.Text.Json;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Generation;

namespace VlmSharp.Cli.Commands;

/// <summary>
/// The plan of a run on a GPU. Weights, caches, activations and image tokens are in device memory; the host maps the files and holds
/// pictures. The device need not be present, so that the plan can help to choose one.
/// </summary>
/// <param name="backend">cuda or opencl.</param>
/// <param name="number">The device's number in the list, or null for the first of the backend.</param>
/// <param name="cache">The format of keys and values.</param>
/// <param name="memory">The memory that the run needs.</param>
internal sealed class DevicePlan(string backend, int? number, DType cache, MemoryPlan memory)
{
    private readonly long device =
        memory.MappedBytes + memory.AdapterBytes + memory.QuantizedBytes + memory.KvCacheBytes + memory.ActivationBytes +
        ImageFeatureCache.DefaultMaxBytes;

    private readonly long host = memory.PictureBytes + PlanPrinter.RuntimeBytes;

    /// <summary>Prints the plan.</summary>
    /// <param name="run">A description of the run.</param>
    /// <param name="made">The line for quantized weights, or null.</param>
    /// <param name="json">Whether to print JSON.</param>
    public void Print(string run, string? made, bool json)
    {
        (DeviceRow? found, string? reason) = Find();
        if (json)
        {
            JsonOutput.WriteLine(o => Write(o, found, reason));
            return;
        }

        string room = found is null
            ? $"          unknown: {reason}"
            : $"{PlanPrinter.Size(found.MemoryBytes)}  {found.Name}: {Verdict(found)}";
        Console.WriteLine($"""
            {run}, {backend}
              device
                weights        {PlanPrinter.Size(memory.MappedBytes)}  copied there as they are{PlanPrinter.OfAdapters(memory)}{made}
                KV cache       {PlanPrinter.Size(memory.KvCacheBytes)}  in {Name(cache)}
                activations    {PlanPrinter.Size(memory.ActivationBytes)}
                image tokens   {PlanPrinter.Size(ImageFeatureCache.DefaultMaxBytes)}  cache, at most
                total          {PlanPrinter.Size(device)}  beside what the driver takes
              host
                pictures       {PlanPrinter.Size(memory.PictureBytes)}  while they are encoded
                runtime        {PlanPrinter.Size(PlanPrinter.RuntimeBytes)}  about
                total          {PlanPrinter.Size(host)}
              memory           {room}
            """);
    }

    /// <summary>The device that the run would use, or the reason why there is none.</summary>
    private (DeviceRow? Device, string? Reason) Find()
    {
        if (GpuSupport.Missing is { } missing) return (null, missing);
        (IReadOnlyList<DeviceRow> devices, IReadOnlyList<DriverRow> drivers) = GpuSupport.Find();
        DeviceRow? found = devices.FirstOrDefault(d => d.Backend == backend && d.Unusable is null && (number is null || d.Index == number));
        if (found is not null) return (found, null);
        if (number is not null) return (null, $"device {number} is not one that {backend} can use here");
        return (null, drivers.Single(d => d.Backend == backend).Reason ?? devices.First(d => d.Backend == backend).Unusable);
    }

    private string Verdict(DeviceRow found) => device > found.MemoryBytes
        ? "it does not fit; take fewer requests, beams or new tokens, or a smaller model"
        : "it fits, where no other program has its memory";

    private void Write(Utf8JsonWriter o, DeviceRow? found, string? reason)
    {
        o.WriteStartObject();
        o.WriteString("backend", backend);
        o.WriteNumber("prompt_tokens", memory.PromptTokens);
        o.WriteNumber("new_tokens", memory.NewTokens);
        o.WriteString("kv_cache_format", Name(cache));
        o.WriteNumber("weight_bytes", memory.MappedBytes);
        o.WriteNumber("adapter_bytes", memory.AdapterBytes);
        o.WriteNumber("quantized_bytes", memory.QuantizedBytes);
        o.WriteNumber("kv_cache_bytes", memory.KvCacheBytes);
        o.WriteNumber("activation_bytes", memory.ActivationBytes);
        o.WriteNumber("image_token_cache_bytes", ImageFeatureCache.DefaultMaxBytes);
        o.WriteNumber("device_bytes", device);
        o.WriteNumber("picture_bytes", memory.PictureBytes);
        o.WriteNumber("runtime_bytes", PlanPrinter.RuntimeBytes);
        o.WriteNumber("resident_bytes", host);
        if (found is not null)
        {
            o.WriteNumber("device", found.Index);
            o.WriteString("device_name", found.Name);
            o.WriteNumber("device_memory_bytes", found.MemoryBytes);
        }
        else
        {
            o.WriteString("no_device", reason);
        }

        o.WriteEndObject();
    }

    private static string Name(DType format) => format == DType.BF16 ? "bf16" : "f32";
}
