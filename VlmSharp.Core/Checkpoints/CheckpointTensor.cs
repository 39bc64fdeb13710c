using System.Collections.Immutable;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Checkpoints;

/// <summary>A weight of an open checkpoint; <see cref="Checkpoint.Weight"/> returns its numbers.</summary>
public sealed record CheckpointTensor
{
    internal CheckpointTensor(string name, SafetensorsFile file, SafetensorsEntry entry, DType dtype, ImmutableArray<long> shape, nint data)
    {
        Name = name;
        StoredName = entry.Name;
        DType = dtype;
        Shape = shape;
        ByteLength = entry.ByteLength;
        File = file;
        Pointer = data;
    }

    /// <summary>Its canonical name.</summary>
    public string Name { get; }

    /// <summary>Its name in the file.</summary>
    public string StoredName { get; }

    /// <summary>Its storage format.</summary>
    public DType DType { get; }

    /// <summary>Its dimensions, row-major.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Bytes of its elements, without the scales of a quantized matrix.</summary>
    public long ByteLength { get; }

    /// <summary>The file that holds it.</summary>
    public string Path => File.Path;

    /// <summary>The mapped file that holds it.</summary>
    internal SafetensorsFile File { get; }

    /// <summary>Address of its first byte, valid while the checkpoint is open.</summary>
    internal nint Pointer { get; }

    /// <summary>Address of a quantized matrix's scales, bfloat16 [rows, groups of a row]; else 0.</summary>
    internal nint ScalesPointer { get; init; }

    /// <summary>The scales of an NF4 matrix; else null.</summary>
    internal Nf4Scales? Nf4 { get; init; }

    /// <summary>Bytes of the stored scales and of everything stored with them.</summary>
    internal long ScaleBytes => Nf4?.StoredBytes ?? (ScalesPointer == 0 ? 0 : DType.ScaleBytes(Shape[0], Shape[^1]));
}
