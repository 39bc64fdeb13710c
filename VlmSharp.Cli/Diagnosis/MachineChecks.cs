using System.Runtime.InteropServices;
using VlmSharp.Cli.Options;
using VlmSharp.Cpu;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Diagnosis;

/// <summary>Checks of the processor, the GPUs, and their memory.</summary>
internal static class MachineChecks
{
    private const int NarrowBits = 128;

    // Bytes of a 3B model: its weights in bf16, and in 4 bits with working memory.
    private const long WholeModel = 6_500_000_000, SmallModel = 3_000_000_000;

    public static IEnumerable<Finding> All()
    {
        using var cpu = new CpuBackend();
        yield return Processor(cpu);
        yield return Threads(cpu);
        yield return Memory(new MachineMemory());
        foreach (Finding device in Devices()) yield return device;
    }

    private static Finding Processor(CpuBackend cpu)
    {
        string text = $"{RuntimeInformation.ProcessArchitecture}, {cpu.Description}";
        return SimdTiers.Bits(cpu.Simd) <= NarrowBits && RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? Finding.Warning(
                "processor",
                text,
                "no AVX2 was found, without which answers take several times as long: "
                + "in a virtual machine, have it pass the processor's features on")
            : Finding.Good("processor", text);
    }

    private static Finding Threads(CpuBackend cpu) => cpu.Threads == 1
        ? Finding.Warning("threads", "1", "give the process more cores (taskset, cpuset, docker's --cpus): a model uses all that it gets")
        : Finding.Good("threads", $"{cpu.Threads}");

    internal static Finding Memory(MachineMemory memory)
    {
        long usable = Math.Min(memory.Limit ?? long.MaxValue, memory.Available ?? memory.Total);
        string text = ByteText.Of(memory.Total)
            + (memory.Available is { } free ? $", {ByteText.Of(free)} free" : "")
            + (memory.Limit is { } limit ? $", limited to {ByteText.Of(limit)} by the control group" : "");
        return usable switch
        {
            < SmallModel => Finding.Warning(
                "memory",
                text,
                "too little for a 3B model in 4 bits: end other programs, or raise the limit; the demo model runs"),
            < WholeModel => Finding.Warning(
                "memory",
                text,
                "too little for a 3B model as it is published: use --quantize int8 or int4, and "
                + "'vlmsharp inspect --plan' for the exact figure"),
            _ => Finding.Good("memory", text),
        };
    }

    private static IEnumerable<Finding> Devices()
    {
        (IReadOnlyList<DeviceRow> devices, IReadOnlyList<DriverRow> drivers) = GpuSupport.Find();
        foreach (DeviceRow device in devices)
        {
            string text = $"{device.Index}: {device.Name} ({device.Backend}, {ByteText.Of(device.MemoryBytes)})";
            yield return device.Unusable is { } reason
                ? Finding.Warning(
                    "device",
                    $"{text} cannot be used: {reason}",
                    "'vlmsharp devices' and docs/gpu.md say what a device needs")
                : Finding.Good("device", text);
        }

        // A missing GPU is not a fault: the CPU computes.
        if (GpuSupport.Missing is { } missing) yield return Finding.Good("device", $"none: {missing}");
        else if (devices.Count == 0)
            yield return Finding.Good("device", $"none ({string.Join("; ", drivers.Select(d => $"{d.Backend}: {d.Reason}"))})");
    }
}
