using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Checkpoints;

/// <summary>A weight of an open checkpoint, where it lies in mapped memory.</summary>
/// <param name="Name">Its canonical name.</param>
/// <param name="StoredName">Its name in the file.</param>
/// <param name="DType">Its storage format.</param>
/// <param name="Shape">Its dimensions, row-major.</param>
/// <param name="Pointer">Address of its first byte, valid while the checkpoint is open.</param>
/// <param name="ByteLength">How many bytes its elements have.</param>
/// <param name="File">The file that holds it.</param>
/// <param name="ScalesPointer">Address of a quantized matrix's scales, bfloat16 [rows, groups of a row]; else 0.</param>
public sealed record CheckpointTensor(
    string Name,
    string StoredName,
    DType DType,
    ImmutableArray<long> Shape,
    nint Pointer,
    long ByteLength,
    SafetensorsFile File,
    nint ScalesPointer = 0)
{
    /// <summary>Bytes of the scales.</summary>
    public long ScaleBytes => ScalesPointer == 0 ? 0 : sizeof(ushort) * Shape[0] * DType.Groups(Shape[^1]);
}
