using System.Runtime.InteropServices;

namespace VlmSharp.Gpu.Kernels;

/// <summary>16 bytes, loaded by one instruction: 8 bf16 numbers, 16 bytes, 32 nibbles.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U4
{
    public uint X, Y, Z, W;
}

/// <summary>8 bytes: 4 bf16 numbers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U2
{
    public uint X, Y;
}

/// <summary>Four fp32 numbers, loaded by one instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct F4
{
    public float X, Y, Z, W;

    /// <summary>This + a * b.</summary>
    public readonly F4 PlusTimes(float a, F4 b) => new() { X = X + a * b.X, Y = Y + a * b.Y, Z = Z + a * b.Z, W = W + a * b.W };

    /// <summary>The sum of two.</summary>
    public readonly F4 Plus(F4 other) => new() { X = X + other.X, Y = Y + other.Y, Z = Z + other.Z, W = W + other.W };

    /// <summary>The product of two, number by number.</summary>
    public readonly F4 Times(F4 other) => new() { X = X * other.X, Y = Y * other.Y, Z = Z * other.Z, W = W * other.W };

    /// <summary>Number i.</summary>
    public readonly float At(int i) => i == 0 ? X : i == 1 ? Y : i == 2 ? Z : W;
}

/// <summary>Eight fp32 numbers in registers: 16 bytes of bf16, widened.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct F8
{
    public float A, B, C, D, E, F, G, H;

    /// <summary>The inner product.</summary>
    public readonly float Dot(F8 x) => A * x.A + B * x.B + (C * x.C + D * x.D) + (E * x.E + F * x.F + (G * x.G + H * x.H));

    /// <summary>Each times the same number.</summary>
    public readonly F8 Times(float s) => new() { A = A * s, B = B * s, C = C * s, D = D * s, E = E * s, F = F * s, G = G * s, H = H * s };
}

/// <summary>32 bytes: 8 fp32 numbers as they lie in memory, or 16 bytes with the rest unused.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U8
{
    public U4 Low, High;
}
