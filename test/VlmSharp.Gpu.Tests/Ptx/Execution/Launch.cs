using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx.Memory;

namespace VlmSharp.Gpu.Tests.Ptx.Execution;

/// <summary>One launch of a program.</summary>
/// <param name="Grid">Groups of threads in each direction.</param>
/// <param name="Threads">Threads of a group.</param>
/// <param name="Parameters">The parameters' bytes.</param>
/// <param name="Global">The memory that the launch may touch.</param>
/// <param name="MostSteps">The number of instructions after which a warp is given up.</param>
internal sealed record Launch(LaunchGrid Grid, int Threads, byte[] Parameters, GlobalMemory Global, long MostSteps);
