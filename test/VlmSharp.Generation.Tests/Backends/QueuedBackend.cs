using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Generation.Tests.Backends;

/// <summary>A backend that claims to queue its operators, and logs the steps as a device would see them.</summary>
internal sealed class QueuedBackend(IComputeBackend inner) : CountingBackend(inner)
{
    private readonly Dictionary<Matrix, int> choices = []; // the step that chose the tokens

    public override bool IsQueued => true;

    /// <summary>The log: "embed" when a step begins, "choose 3" when the fourth step ends, "download 3" when its tokens are read.</summary>
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
