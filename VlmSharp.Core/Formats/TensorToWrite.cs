using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VlmSharp.Compute;

namespace VlmSharp.Formats;

/// <summary>
/// A tensor for <see cref="SafetensorsWriter"/>: its header entry and a function that produces its bytes when they are written, so that a
/// whole model is never in memory.
/// </summary>
internal sealed class TensorToWrite
{
    private const int BlockElements = 1 << 15;

    private readonly Action<Stream> write;

    /// <summary>Creates a tensor whose bytes a function produces.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="type">The type of its elements.</param>
    /// <param name="shape">Its dimensions, row-major.</param>
    /// <param name="write">Writes exactly the tensor's bytes, little-endian.</param>
    public TensorToWrite(string name, SafetensorsType type, ImmutableArray<long> shape, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(write);
        if (name == "__metadata__") throw new ArgumentException("'__metadata__' is the name of the file's own section.", nameof(name));
        Int128 bytes = type.Size();
        foreach (long dimension in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(shape));
            bytes *= dimension;
            if (bytes > long.MaxValue)
                throw new ArgumentException($"'{name}' of shape {MessageText.Shape(shape)} is larger than a file can be.", nameof(shape));
        }
        Name = name;
        Type = type;
        Shape = shape;
        ByteLength = (long)bytes;
        this.write = write;
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>The type of its elements.</summary>
    public SafetensorsType Type { get; }

    /// <summary>Its dimensions, row-major.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>How many bytes it has.</summary>
    public long ByteLength { get; }

    /// <summary>Writes memory of any length.</summary>
    public static unsafe void WriteBytes(Stream stream, nint data, long length)
    {
        const int Block = 1 << 24;
        for (long at = 0; at < length; at += Block)
            stream.Write(new ReadOnlySpan<byte>((byte*)data + at, (int)Math.Min(Block, length - at)));
    }

    /// <summary>A tensor of binary32 numbers, rounded to the stored type (nearest, ties to even) as it is written.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="type">F32, BF16 or F16.</param>
    /// <param name="shape">Its dimensions, row-major.</param>
    /// <param name="values">Its elements.</param>
    /// <returns>The tensor.</returns>
    public static TensorToWrite FromFloats(string name, DType type, ImmutableArray<long> shape, ReadOnlyMemory<float> values) =>
        type.IsQuantized()
            ? throw new ArgumentException($"{type} is not a format that single numbers round to.", nameof(type))
            : new(name, type.AsSafetensorsType(), shape, stream => WriteFloats(stream, type, values.Span));

    /// <summary>A tensor of type I64.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="shape">Its dimensions, row-major.</param>
    /// <param name="values">Its elements.</param>
    /// <returns>The tensor.</returns>
    public static TensorToWrite FromIntegers(string name, ImmutableArray<long> shape, ReadOnlyMemory<long> values) =>
        new(name, SafetensorsType.I64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>Writes the bytes and checks, where the stream has positions, that their number is the header's.</summary>
    public void WriteTo(Stream stream)
    {
        long start = stream.CanSeek ? stream.Position : 0;
        write(stream);
        if (!stream.CanSeek) return;
        long written = stream.Position - start;
        if (written != ByteLength)
            throw new InvalidOperationException($"The tensor '{Name}' of {ByteLength} bytes wrote {written}.");
    }

    /// <summary>Produces the bytes and discards them: for processes that help to compute them while another one writes.</summary>
    public void Discard() => write(Stream.Null);

    /// <summary>Writes numbers rounded to F32, BF16 or F16 (nearest, ties to even).</summary>
    public static void WriteFloats(Stream stream, DType type, ReadOnlySpan<float> values)
    {
        if (type == DType.F32)
        {
            // In blocks, because a span of bytes holds at most 2 GiB.
            for (; !values.IsEmpty; values = values[Math.Min(values.Length, BlockElements)..])
                stream.Write(MemoryMarshal.AsBytes(values[..Math.Min(values.Length, BlockElements)]));
            return;
        }
        byte[] block = new byte[2 * Math.Min(values.Length, BlockElements)];
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, BlockElements);
            for (int i = 0; i < count; i++)
            {
                ushort bits = type == DType.BF16 ? BFloat16.FromSingle(values[i]) : BitConverter.HalfToUInt16Bits((Half)values[i]);
                BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(2 * i), bits);
            }
            stream.Write(block, 0, 2 * count);
            values = values[count..];
        }
    }
}
