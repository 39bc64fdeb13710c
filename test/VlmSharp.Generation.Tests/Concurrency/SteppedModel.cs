using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Generation.Tests.Concurrency;

/// <summary>The demo model on a backend whose steps a test can watch, hold and break.</summary>
internal sealed class SteppedModel : IDisposable
{
    /// <summary>The longest time that a test waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CpuBackend cpu = new();

    public SteppedModel(bool isQueued = false, string? directory = null)
    {
        Backend = new SteppedBackend(cpu, isQueued);
        Model = VisionLanguageModel.Open(directory ?? GoldenFiles.DemoModel, Backend);
    }

    public VisionLanguageModel Model { get; }

    public SteppedBackend Backend { get; }

    public GenerationEngine Engine => Model.Engine;

    /// <summary>The memory that the backend has taken from the system. Returned caches are reused.</summary>
    public long AllocatedBytes => cpu.AllocatedBytes;

    /// <summary>A question about a demo sample, a different one for each number.</summary>
    public static GenerationRequest Request(int index) => Questions.Value[index % Questions.Value.Length];

    /// <summary>A prompt whose length is different for each number.</summary>
    public static GenerationRequest Long(int words) =>
        new() { Images = Request(0).Images, Prompt = string.Join(' ', Enumerable.Repeat("cake", words)) };

    /// <summary>Options that generate exactly this many tokens.</summary>
    public static GenerationOptions Tokens(int count) => new() { MaxNewTokens = count, IgnoreEndOfSequence = true };

    /// <summary>The bytes that a request takes of the engine's memory.</summary>
    public long KvCacheBytes(GenerationRequest request, GenerationOptions options) =>
        MemoryPlan.KvCacheSize(Model.Config.Text, Model.Prepare(request).Ids.Length, options.MaxNewTokens, options.Beams);

    /// <summary>Waits until a condition holds.</summary>
    public static async Task Until(Func<bool> holds, string what)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!holds())
        {
            Assert.True(DateTime.UtcNow < end, $"Waited in vain: {what}.");
            await Task.Delay(1);
        }
    }

    /// <summary>Waits until no request is left.</summary>
    public Task UntilIdle() => Until(() => Engine is { Running: 0, Waiting: 0, KvCacheBytes: 0 }, "the engine is idle");

    /// <summary>Steps go on only after disposing of the model has begun, so that a long answer does not end earlier.</summary>
    public void Dispose()
    {
        var disposing = new Thread(Model.Dispose);
        disposing.Start();
        SpinWait.SpinUntil(() => (disposing.ThreadState & (ThreadState.WaitSleepJoin | ThreadState.Stopped)) != 0);
        Backend.Release();
        disposing.Join();
        cpu.Dispose(); // directly after the model: the engine must not use it any more
    }

    private static readonly Lazy<GenerationRequest[]> Questions = new(DemoQuestions.Load);
}

/// <summary>A backend that runs each decoder step when a test allows it.</summary>
internal sealed class SteppedBackend(IComputeBackend inner, bool isQueued) : DelegatingBackend(inner)
{
    private readonly SemaphoreSlim permits = new(0);
    private volatile bool isHeld;
    private int steps;

    public override bool IsQueued => isQueued;

    /// <summary>The number of decoder steps that have begun.</summary>
    public int Steps => Volatile.Read(ref steps);

    /// <summary>An action to call before each step.</summary>
    public Action<SequenceBatch>? BeforeStep { get; set; }

    /// <summary>From now on a step begins only when <see cref="Allow"/> lets it.</summary>
    public void Hold() => isHeld = true;

    /// <summary>Lets steps begin.</summary>
    public void Allow(int count)
    {
        if (count > 0) permits.Release(count);
    }

    /// <summary>Lets everything run.</summary>
    public void Release()
    {
        if (!isHeld) return;
        isHeld = false;
        permits.Release(10_000);
    }

    public override StepTable Prepare(SequenceBatch batch)
    {
        if (!batch.IsCached) return base.Prepare(batch); // a step of the encoder
        if (isHeld) Assert.True(permits.Wait(SteppedModel.Patience));
        Interlocked.Increment(ref steps);
        BeforeStep?.Invoke(batch);
        return base.Prepare(batch);
    }
}
