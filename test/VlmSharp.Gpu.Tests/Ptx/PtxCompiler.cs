using System.Collections.Concurrent;
using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx.Parsing;
using Kernel = VlmSharp.Gpu.Launching.Kernel;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>The PTX of kernels, without a device or a driver.</summary>
internal static class PtxCompiler
{
    private static readonly Lazy<PTXBackend> Backend = new(MakeBackend);
    private static readonly ConcurrentDictionary<Kernel, Lazy<PtxProgram>> Programs = new();

    /// <summary>The text of a kernel.</summary>
    public static string Compile(Kernel kernel) =>
        Compile(kernel.Method, new KernelSpecialization(kernel.Threads, kernel.GroupsPerProcessor));

    public static string Compile(MethodInfo method, KernelSpecialization specialization = default)
    {
        lock (Backend)
        {
            EntryPointDescription entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
            return ((PTXCompiledKernel)Backend.Value.Compile(entry, specialization)).PTXAssembly;
        }
    }

    /// <summary>The program of a kernel, compiled once.</summary>
    public static PtxProgram Program(Kernel kernel) => Programs.GetOrAdd(kernel, k => new(() => PtxProgram.Parse(Compile(k)))).Value;

    /// <summary>For Hopper. The context lives as long as the process.</summary>
    private static PTXBackend MakeBackend()
    {
        Context context = Context.Create(builder => builder.Cuda().EnableAlgorithms().Optimize(OptimizationLevel.O2));
        return new PTXBackend(context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_80, null!);
    }
}
