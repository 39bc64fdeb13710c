using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>Tests that look at the memory of the whole process: nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}

/// <summary>The short form of <c>bench/soak</c>.</summary>
[Collection(AloneCollection.Name)]
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
