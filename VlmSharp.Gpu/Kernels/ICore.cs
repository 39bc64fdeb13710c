namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// What a kernel is compiled for, as its type argument: <see cref="TensorCore"/> (CUDA from compute capability 8.0 on: shuffles, matrix
/// instructions, asynchronous copies) or <see cref="PortableCore"/> (any device: shared memory and barriers alone, all arithmetic in
/// fp32). A branch on the type argument is gone when the kernel is compiled; a branch on a value would leave both sides in the code.
/// </summary>
internal interface ICore : IGroupCore, IProductCore;

/// <summary>
/// Reductions over the threads of a group, at most 256 and a power of two, at least 32. Every thread of the group must call, and each
/// gets the result, the same bits.
/// </summary>
internal interface IGroupCore
{
    /// <summary>The sum.</summary>
    static abstract float Sum(float value);

    /// <summary>Four sums at once.</summary>
    static abstract F4 Sum(F4 values);

    /// <summary>The maximum; a NaN is passed over.</summary>
    static abstract float Max(float value);
}

/// <summary>CUDA's tensor cores and warps.</summary>
internal partial struct TensorCore : ICore;

/// <summary>Plain C# that every device runs.</summary>
internal partial struct PortableCore : ICore;
