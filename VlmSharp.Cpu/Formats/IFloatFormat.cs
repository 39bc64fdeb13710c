using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Formats;

/// <summary>How the floats of a row are stored: the size of one, and how a full register of them is widened to fp32.</summary>
internal unsafe interface IFloatFormat
{
    /// <summary>Bytes of one element.</summary>
    static abstract int Size { get; }

    /// <summary>Widens <c>V.Count</c> elements that start at any address.</summary>
    static abstract V Load<V>(byte* source) where V : struct, ISimd<V>;

    /// <summary>Widens one element.</summary>
    static abstract float Load(byte* source);

    /// <summary>
    /// How <see cref="LoadFirst"/> and <see cref="LoadSecond"/> divide 2 <c>V.Count</c> elements: even and odd ones (true), or the lower
    /// and the upper half. The other factor must be in the same order (<see cref="Packing.SplitPairs{V}"/>).
    /// </summary>
    static abstract bool SplitsPairs { get; }

    /// <summary>Widens the even elements, or the lower half, of 2 <c>V.Count</c> elements.</summary>
    static abstract V LoadFirst<V>(byte* source) where V : struct, ISimd<V>;

    /// <summary>Widens the odd elements, or the upper half.</summary>
    static abstract V LoadSecond<V>(byte* source) where V : struct, ISimd<V>;
}
