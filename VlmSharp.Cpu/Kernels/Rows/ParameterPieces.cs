using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu.Kernels.Rows;

/// <summary>A parameter that an optimizer updates piece by piece: its fp32 numbers, and where the bf16 numbers made from them go.</summary>
internal readonly unsafe struct ParameterPieces
{
    private readonly float* numbers; // those of the parameter in F32, of its master copy in BF16
    private readonly ushort* rounded; // null in F32

    public ParameterPieces(HostWeight weight, HostMatrix master)
    {
        byte* data = weight.Writable();
        numbers = weight.DType == DType.F32 ? (float*)data : master.Data;
        rounded = weight.DType == DType.F32 ? null : (ushort*)data;
    }

    /// <summary>The numbers from a place on, for reading and writing.</summary>
    public float* At(long first) => numbers + first;

    /// <summary>Ends the step of a piece: rounds the written numbers.</summary>
    public void Finish(long first, int count)
    {
        if (rounded is not null)
            BFloat16.FromSingle(new ReadOnlySpan<float>(numbers + first, count), new Span<ushort>(rounded + first, count));
    }
}
