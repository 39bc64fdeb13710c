using VlmSharp.Training.Distributed;

namespace VlmSharp.Training.Optimizers;

/// <summary>
/// ZeRO-1 (Rajbhandari et al. 2020, section 5.1, P_os): each process keeps the optimizer's states of some parameters and updates those, and then all get the
/// new numbers from the one that has made them. Whole parameters are shared out, the largest first to the process that has least.
/// </summary>
internal sealed class OptimizerShards
{
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

    /// <summary>Gives all processes a parameter as its owner has updated it.</summary>
    public void Spread(Parameter parameter)
    {
        using var block = new NativeBlock(sizeof(float) * parameter.Length);
        Span<float> numbers = block.Floats(0, checked((int)parameter.Length));
        if (IsOwn(parameter)) parameter.Read(numbers);
        Exchange(parameter, numbers);
        if (!IsOwn(parameter)) parameter.Write(numbers);
    }
}
