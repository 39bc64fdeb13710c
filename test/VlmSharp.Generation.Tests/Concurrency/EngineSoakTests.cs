using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>The short form of <c>bench/soak</c>.</summary>
public sealed class EngineSoakTests
{
    [Fact]
    public async Task Many_callers_for_a_while_leave_no_fault_behind()
    {
        using var backend = new CpuBackend();
        (string summary, IReadOnlyList<string> faults) = await EngineSoak.RunAsync(backend, requests: 150, callers: 24, seed: 1);
        Assert.True(faults.Count == 0, $"{summary}\n{string.Join('\n', faults)}");
    }
}
