using VlmSharp.Compute;

namespace VlmSharp.Server.Tests;

/// <summary>A backend whose steps can be held: what runs then runs on until a test lets it go.</summary>
internal sealed class HeldBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly ManualResetEventSlim open = new(initialState: true);

    /// <summary>No step begins from here on.</summary>
    public void Hold() => open.Reset();

    /// <summary>Steps go on.</summary>
    public void LetGo() => open.Set();

    public override StepTable Prepare(SequenceBatch batch)
    {
        open.Wait();
        return base.Prepare(batch);
    }
}
