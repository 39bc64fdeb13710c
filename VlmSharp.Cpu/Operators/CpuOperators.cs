using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

/// <summary>
/// The operators on registers of type <typeparamref name="V"/>: one file each. The width is chosen once, when a backend is made;
/// from here on everything is compiled for it.
/// </summary>
/// <param name="context">Threads and scratch memory.</param>
internal sealed partial class CpuOperators<V>(CpuContext context) where V : struct, ISimd<V>;
