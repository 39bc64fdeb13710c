using VlmSharp.Training.Distributed;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// ZeRO-1 (Rajbhandari et al. 2020, section 5.1, P_os): each process keeps the optimizer's states of some parameters and updates these
/// parameters. Then it sends the new values to all others. Whole parameters are distributed, the largest first, each to the process with
/// the least.
/// </summary>
internal sealed class OptimizerShards
{
    private const long MostTogether = 1 << 22; // numbers

    private readonly IProcessGroup group;
    private readonly Dictionary<Parameter, int> owners = [];

    /// <summary>Distributes the parameters, with the same result in every process.</summary>
    /// <param name="group">All processes of the training.</param>
    /// <param name="parameters">What is trained, in the same order in each process.</param>
    public OptimizerShards(IProcessGroup group, IReadOnlyList<Parameter> parameters)
    {
        this.group = group;
        long[] loads = new long[group.Size];
        foreach (Parameter parameter in parameters.OrderByDescending(p => p.Length))
        {
            int owner = Array.IndexOf(loads, loads.Min());
            owners.Add(parameter, owner);
            loads[owner] += parameter.Length;
        }
    }

    /// <summary>Whether this process updates a parameter.</summary>
    public bool IsOwn(Parameter parameter) => owners[parameter] == group.Rank;

    /// <summary>Sends numbers of a parameter from its owner to all processes.</summary>
    /// <param name="parameter">One of those that were distributed.</param>
    /// <param name="numbers">On the owner: what to send; on the others: the destination.</param>
    public void Exchange(Parameter parameter, Span<float> numbers) => group.Broadcast(numbers, owners[parameter]);

    /// <summary>Sends updated parameters from their owners to all processes; small ones of an owner are sent together.</summary>
    public void Spread(IEnumerable<Parameter> parameters)
    {
        foreach (IGrouping<int, Parameter> shard in parameters.GroupBy(p => owners[p]))
        {
            var batch = new List<Parameter>();
            foreach (Parameter parameter in shard)
            {
                if (batch.Count > 0 && batch.Sum(p => p.Length) + parameter.Length > MostTogether)
                {
                    Spread(batch, shard.Key);
                    batch.Clear();
                }

                batch.Add(parameter);
            }

            Spread(batch, shard.Key);
        }
    }

    private void Spread(List<Parameter> batch, int owner)
    {
        using var block = new NativeBlock(sizeof(float) * batch.Sum(p => p.Length));
        if (owner == group.Rank) ForEach((parameter, numbers) => parameter.Read(numbers));
        group.Broadcast(block.Floats(0, checked((int)(block.Bytes / sizeof(float)))), owner);
        if (owner != group.Rank) ForEach((parameter, numbers) => parameter.Write(numbers));

        void ForEach(Action<Parameter, Span<float>> action)
        {
            long first = 0;
            foreach (Parameter parameter in batch)
            {
                action(parameter, block.Floats(first, (int)parameter.Length));
                first += parameter.Length;
            }
        }
    }
}
