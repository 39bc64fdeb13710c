using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Sampling;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Rules of choosing in device memory, copied the first time they are used; they stay the same from step to step. The last few are kept.
/// </summary>
/// <param name="context">The device.</param>
internal sealed class RuleTables(GpuContext context)
{
    private const int MostKept = 64;

    private readonly Dictionary<ChoiceRules, Indices> tables = [];
    private readonly Queue<ChoiceRules> order = new();

    /// <summary>Changes when a table has been dropped: a recording that reads it is then wrong.</summary>
    public int Drops { get; private set; }

    /// <summary>The words of rules.</summary>
    public ArrayView<int> Get(ChoiceRules rules)
    {
        if (tables.TryGetValue(rules, out Indices table)) return table.Integers();
        if (order.Count == MostKept)
        {
            tables.Remove(order.Dequeue(), out Indices oldest);
            oldest.Dispose();
            Drops++;
        }

        order.Enqueue(rules);
        return (tables[rules] = context.Upload(DeviceRules.Pack(rules))).Integers();
    }
}
