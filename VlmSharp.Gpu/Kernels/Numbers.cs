using System.Runtime.InteropServices;

namespace VlmSharp.Gpu.Kernels;

/// <summary>16 bytes, loaded by one instruction: 8 bf16 numbers, 16 bytes, 32 nibbles.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U4
{
    public uint X, Y, Z, W;
}

/// <summary>Four fp32 numbers, loaded by one instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct F4
{
    public float X, Y, Z, W;
}

/// <summary>Eight fp32 numbers in registers: 16 bytes of bf16, widened.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct F8
{
    public float A, B, C, D, E, F, G, H;
}
