using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>Tests that measure the memory of the whole process. Nothing else runs at the same time.</summary>
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
    public async Task Many_callers_over_some_time_cause_no_fault()
    {
        using var backend = new CpuBackend();
        (string summary, IReadOnlyList<string> faults) = await EngineSoak.RunAsync(backend, requests: 150, callers: 24, seed: 1);
        Assert.True(faults.Count == 0, $"{summary}\n{string.Join('\n', faults)}");
    }
}
