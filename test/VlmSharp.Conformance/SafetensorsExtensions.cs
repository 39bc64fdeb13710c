using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VlmSharp.Formats;

namespace VlmSharp.Conformance;

/// <summary>Conversions of tensors that only tests need.</summary>
internal static class SafetensorsExtensions
{
    extension(TensorToWrite)
    {
        /// <summary>A tensor whose bytes, little-endian, are in memory.</summary>
        public static TensorToWrite FromBytes(string name, SafetensorsType type, ImmutableArray<long> shape, ReadOnlyMemory<byte> bytes) =>
            new(name, type, shape, stream => stream.Write(bytes.Span));

        /// <summary>A tensor at an address, such as a weight of an open checkpoint, which its owner keeps valid.</summary>
        public static TensorToWrite FromPointer(string name, SafetensorsType type, ImmutableArray<long> shape, nint data, object owner)
        {
            long length = new TensorToWrite(name, type, shape, _ => { }).ByteLength;
            return new TensorToWrite(name, type, shape, stream =>
            {
                TensorToWrite.WriteBytes(stream, data, length);
                GC.KeepAlive(owner);
            });
        }
    }

    /// <summary>A tensor of type I64, copied.</summary>
    public static long[] ReadIntegers(this SafetensorsFile file, string name)
    {
        SafetensorsEntry entry = file.Entries[name];
        Assert.Equal(SafetensorsType.I64, entry.Type);
        return MemoryMarshal.Cast<byte, long>(file.Bytes(entry)).ToArray();
    }
}
