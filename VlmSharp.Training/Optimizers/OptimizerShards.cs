using VlmSharp.Training.Distributed;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// ZeRO-1 (Rajbhandari et al. 2020, section 5.1, P_os): each process keeps the optimizer's states of some parameters and updates those, and
/// then all get the new numbers from the one that has made them. Whole parameters are shared out, the largest first to the process that has
/// least.
/// </summary>
internal sealed class OptimizerShards
{
    private const long MostTogether = 1 << 22; // numbers

    private readonly IProcessGroup group;
    private readonly Dictionary<Parameter, int> owners = [];

    /// <summary>Shares out, in every process alike.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="parameters">What is trained, in the same order in each.</param>
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

    /// <summary>Gives all processes the numbers of the parameter's owner.</summary>
    /// <param name="parameter">Whose they are.</param>
    /// <param name="numbers">Of the owner: what to send; of the others: where it goes.</param>
    public void Exchange(Parameter parameter, Span<float> numbers) => group.Broadcast(numbers, owners[parameter]);

    /// <summary>Gives all processes the parameters as their owners have updated them; small ones of an owner go together.</summary>
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
