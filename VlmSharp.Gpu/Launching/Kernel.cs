using System.Reflection;

namespace VlmSharp.Gpu.Launching;

/// <summary>
/// A kernel: a static method that every thread runs, compiled and launched by a <see cref="KernelDevice"/>. Create it once and keep it: a
/// device looks up its compiled code by this object.
/// </summary>
/// <param name="name">For messages: the operator and what it is specialized for.</param>
/// <param name="method">The method; it takes one struct of arguments.</param>
/// <param name="threads">Threads of a group.</param>
/// <param name="groupsPerProcessor">
/// Groups that must fit on one multiprocessor at a time. It bounds the registers that the driver's compiler may use.
/// </param>
internal abstract class Kernel(string name, MethodInfo method, int threads, int groupsPerProcessor)
{
    public string Name => name;

    public MethodInfo Method => method;

    public int Threads => threads;

    public int GroupsPerProcessor => groupsPerProcessor;

    /// <summary>Registers that a thread may use so that the groups fit: 65,536 divided among their threads, at most 255.</summary>
    public int MostRegisters => Math.Min(255, 65536 / (threads * groupsPerProcessor));

    /// <summary>Compiles it for a device without running it.</summary>
    public abstract void LoadOn(KernelDevice device);

    public override string ToString() => name;
}

/// <inheritdoc/>
/// <param name="name">For messages.</param>
/// <param name="body">A static method that every thread runs.</param>
/// <param name="threads">Threads of a group.</param>
/// <param name="groupsPerProcessor">Groups that must fit on one multiprocessor at a time.</param>
/// <typeparam name="TArgs">The arguments: a struct of views and numbers with the same layout on every device.</typeparam>
internal sealed class Kernel<TArgs>(string name, Action<TArgs> body, int threads, int groupsPerProcessor = 1)
    : Kernel(name, body.Method, threads, groupsPerProcessor)
    where TArgs : struct
{
    /// <inheritdoc/>
    public override void LoadOn(KernelDevice device) => device.Load(this);
}
