using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Imaging;

namespace VlmSharp.Formats;

/// <summary>
/// A memory-mapped safetensors file: 8 bytes of header length, the header, then the tensors. Opening reads and checks the
/// header and nothing else.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;

    private readonly MappedFile file;
    private readonly long dataStart;

    private SafetensorsFile(MappedFile file, long dataStart, SafetensorsHeader header)
    {
        this.file = file;
        this.dataStart = dataStart;
        Entries = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        Metadata = header.Metadata;
    }

    /// <summary>The file's path as given.</summary>
    public string Path => file.Path;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The free texts under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether the file was disposed.</summary>
    internal bool IsClosed => file.IsClosed;

    /// <summary>
    /// Throws if the file was written to since it was opened, because its numbers may have changed.
    /// </summary>
    /// <exception cref="ModelFormatException">The file was written to.</exception>
    internal void RequireUnchanged()
    {
        if (file.IsUnchanged) return;
        throw new ModelFormatException(
            $"{Path} was written to while the model was in use, so its weights are no longer those that were opened: start again. To put "
            + "a new file in the place of one that is in use, copy it beside and rename it.");
    }

    /// <summary>Opens a file and checks its header completely.</summary>
    /// <param name="path">A <c>.safetensors</c> file. It is mapped; only its header is read now.</param>
    /// <returns>The open file, to be disposed.</returns>
    /// <exception cref="ModelFormatException">The file cannot be opened or is damaged.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!BitConverter.IsLittleEndian)
            throw new ModelFormatException($"{path} holds little-endian numbers and this machine is big-endian; "
                + "VlmSharp runs on little-endian machines only.");
        MappedFile file = MappedFile.Open(path);
        try
        {
            if (WrongDownload.WhatIs(file.Bytes(0, (int)Math.Min(file.Length, 1024))) is { } what)
                throw new ModelFormatException($"{path} {what}.");
            if (file.Length < LengthBytes)
                throw SafetensorsHeader.Damaged(path, $"it has {file.Length} bytes, too few for a header");
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, LengthBytes));
            if (length > SafetensorsHeader.MostBytes)
            {
                throw SafetensorsHeader.Damaged(
                    path, $"it states a header of {length} bytes, past the limit of {SafetensorsHeader.MostBytes}");
            }

            long dataStart = LengthBytes + (long)length;
            if (dataStart > file.Length)
            {
                throw SafetensorsHeader.Damaged(
                    path, $"it states a header of {length} bytes and has {file.Length - LengthBytes} after the length");
            }

            ReadOnlySpan<byte> json = file.Bytes(LengthBytes, (int)length);
            return new SafetensorsFile(file, dataStart, SafetensorsHeader.Parse(json, file.Length - dataStart, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Address of a tensor's first byte, valid until the file is disposed; not necessarily aligned.</summary>
    /// <param name="entry">A tensor of this file.</param>
    /// <returns>The address.</returns>
    public nint DataPointer(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return file.Pointer + (nint)(dataStart + Own(entry).Offset);
    }

    /// <summary>The bytes of a tensor of less than 2 GiB.</summary>
    /// <param name="entry">A tensor of this file.</param>
    /// <returns>The bytes, valid until the file is disposed.</returns>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (Own(entry).ByteLength > int.MaxValue)
            throw new ArgumentException(
                $"{entry} has {entry.ByteLength} bytes, more than a span holds; read it through DataPointer.", nameof(entry));
        return file.Bytes(dataStart + entry.Offset, (int)entry.ByteLength);
    }

    /// <summary>Copies a tensor to binary32; it may be stored as F32, BF16 or F16.</summary>
    /// <param name="name">Its name as stored.</param>
    /// <returns>Its elements, row-major.</returns>
    /// <exception cref="ModelFormatException">There is no such tensor, or it is of another type.</exception>
    public float[] ReadFloats(string name)
    {
        SafetensorsEntry entry = Find(name);
        ReadOnlySpan<byte> bytes = Bytes(entry);
        var values = new float[entry.Elements];
        switch (entry.Type)
        {
            case SafetensorsType.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case SafetensorsType.BF16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BFloat16.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]));
                break;
            case SafetensorsType.F16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            default:
                throw new ModelFormatException($"{Path} holds {entry}, where F32, BF16 or F16 belongs.");
        }
        return values;
    }

    /// <summary>Memory for a tensor that cannot be used as it is stored.</summary>
    /// <param name="bytes">Bytes to allocate.</param>
    /// <returns>Its address, valid until the file is disposed.</returns>
    internal nint Allocate(long bytes) => file.Allocate(bytes);

    /// <summary>Unmaps the file. Addresses into it become invalid.</summary>
    public void Dispose() => file.Dispose();

    private SafetensorsEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Entries.TryGetValue(name, out SafetensorsEntry? entry)
            ? entry
            : throw new ModelFormatException($"{Path} has no tensor {MessageText.Quote(name)}.");
    }

    /// <summary>Throws for an entry of another file, whose offsets mean nothing here.</summary>
    private SafetensorsEntry Own(SafetensorsEntry entry) =>
        Entries.TryGetValue(entry.Name, out SafetensorsEntry? own) && ReferenceEquals(own, entry)
            ? entry
            : throw new ArgumentException($"{entry} is not a tensor of {Path}.", nameof(entry));
}
