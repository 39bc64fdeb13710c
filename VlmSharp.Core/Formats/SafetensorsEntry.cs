using System.Collections.Immutable;

namespace VlmSharp.Formats;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name as stored.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its dimensions, row-major; empty for a single number.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the data.</param>
/// <param name="ByteLength">How many bytes it has.</param>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, ImmutableArray<long> Shape, long Offset, long ByteLength)
{
    /// <summary>How many elements it has.</summary>
    public long Elements => ByteLength / Type.Size();

    /// <summary>Name, type and shape, for messages.</summary>
    /// <returns>For instance <c>lm_head.weight BF16 [257216, 2048]</c>.</returns>
    public override string ToString() => $"{Name} {Type.HeaderName()} {MessageText.Shape(Shape)}";
}
