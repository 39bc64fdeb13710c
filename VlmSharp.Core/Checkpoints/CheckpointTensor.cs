using System.Collections.Immutable;
using VlmSharp.Compute;

namespace VlmSharp.Checkpoints;

/// <summary>A weight of an open checkpoint, where it lies in mapped memory.</summary>
/// <param name="Name">Its canonical name.</param>
/// <param name="StoredName">Its name in the file.</param>
/// <param name="DType">Its storage format.</param>
/// <param name="Shape">Its dimensions, row-major.</param>
/// <param name="Pointer">Address of its first byte, valid while the checkpoint is open.</param>
/// <param name="ByteLength">How many bytes it has.</param>
/// <param name="File">The file that holds it.</param>
public sealed record CheckpointTensor(
    string Name,
    string StoredName,
    DType DType,
    ImmutableArray<long> Shape,
    nint Pointer,
    long ByteLength,
    SafetensorsFile File);
