using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>Says that it queues its operators, and keeps a log of what a device would see: the steps by their choices.</summary>
internal sealed class QueuedBackend(IComputeBackend inner) : CountingBackend(inner)
{
    private readonly Dictionary<Matrix, int> choices = []; // which step chose it

    public override bool IsQueued => true;

    /// <summary>"embed" where a step begins, "choose 3" where the fourth one ends, "download 3" where its tokens are read.</summary>
    public List<string> Log { get; } = [];

    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is Embed) Log.Add("embed");
        Matrix y = base.Run(op);
        if (op is not Choose) return y;
        Log.Add($"choose {choices.Count}");
        choices.Add(y, choices.Count);
        return y;
    }

    public override void Download(Matrix x, Span<float> destination)
    {
        Log.Add(choices.TryGetValue(x, out int step) ? $"download {step}" : "download");
        base.Download(x, destination);
    }
}
