namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// The target of a kernel, as its type argument: <see cref="TensorCore"/> (CUDA from compute capability 8.0 on: shuffles, matrix
/// instructions, asynchronous copies) or <see cref="PortableCore"/> (any device: only shared memory and barriers, all arithmetic in fp32).
/// A branch on the type argument disappears when the kernel is compiled; a branch on a value would leave both sides in the code.
/// </summary>
internal interface ICore : IGroupCore, IProductCore;

/// <summary>
/// Reductions over the threads of a group: a power of two from 32 to 256. Every thread of the group must call, and all get the same result,
/// bit for bit.
/// </summary>
internal interface IGroupCore
{
    /// <summary>The sum of one number from each thread.</summary>
    static abstract float Sum(float value);

    /// <summary>Four sums at once.</summary>
    static abstract F4 Sum(F4 values);

    /// <summary>The maximum; NaNs are ignored.</summary>
    static abstract float Max(float value);
}

/// <summary>CUDA's tensor cores and warps.</summary>
internal partial struct TensorCore : ICore;

/// <summary>Plain C# that every device runs.</summary>
internal partial struct PortableCore : ICore;
