using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Sampling;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// The rules for choosing tokens, in device memory. They are copied when first used and stay the same from step to step. Only the last few
/// are kept.
/// </summary>
/// <param name="context">The device that the tables are copied to.</param>
internal sealed class RuleTables(GpuContext context)
{
    private const int MostKept = 64;

    private readonly Dictionary<ChoiceRules, Indices> tables = [];
    private readonly LinkedList<ChoiceRules> order = new(); // the last used first

    /// <summary>Changes when a table is dropped; recordings that read it are then invalid.</summary>
    public int Drops { get; private set; }

    /// <summary>The words of rules. While a step is recorded they are already there, from the normal run just before.</summary>
    public ArrayView<int> Get(ChoiceRules rules)
    {
        if (tables.TryGetValue(rules, out Indices table))
        {
            order.Remove(rules);
            order.AddFirst(rules);
            return table.Integers();
        }

        if (order.Count == MostKept)
        {
            tables.Remove(order.Last!.Value, out Indices oldest);
            order.RemoveLast();
            oldest.Dispose();
            Drops++;
        }

        order.AddFirst(rules);
        return (tables[rules] = context.Upload(DeviceRules.Pack(rules))).Integers();
    }
}
