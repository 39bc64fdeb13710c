using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using VlmSharp.Compute.Host;
using VlmSharp.Imaging;

namespace VlmSharp.Formats;

/// <summary>
/// A whole file mapped into memory, read-only. Pages are read from disk when they are touched, so opening takes the same time for every
/// size. Other readers may share the file; writers may not. If the system does not prevent writing, <see cref="IsUnchanged"/> detects it.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly DateTime written;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly List<nint> own = []; // memory beside the file's
    private byte* start;

    private MappedFile(string path, SafeFileHandle handle, MemoryMappedFile file, MemoryMappedViewAccessor view, long length)
    {
        this.handle = handle;
        written = File.GetLastWriteTimeUtc(handle);
        Path = path;
        Length = length;
        this.file = file;
        this.view = view;
        byte* acquired = null;
        // Holds a reference on the handle: the mapping stays until Release, whatever happens to the view.
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref acquired);
        start = acquired + view.PointerOffset;
        HostMemory.PreferLargePages(start, length);
    }

    /// <summary>Releases the mapping if nobody disposed it.</summary>
    ~MappedFile() => Release();

    /// <summary>The file's path as given.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Address of the first byte, valid until the file is disposed.</summary>
    public nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(start is null, this);
            return (nint)start;
        }
    }

    /// <summary>Whether the file was disposed.</summary>
    internal bool IsClosed => start is null;

    /// <summary>
    /// Whether the file is unwritten since it was mapped, judged by its length and its time: two system calls, a few microseconds. If
    /// another file takes its name, that does not matter, since the mapping is of the old file.
    /// </summary>
    public bool IsUnchanged => RandomAccess.GetLength(handle) == Length && File.GetLastWriteTimeUtc(handle) == written;

    /// <summary>Maps a file.</summary>
    /// <param name="path">A file with at least one byte; it must not be cut while it is mapped.</param>
    /// <returns>The mapping, to be disposed.</returns>
    /// <exception cref="ModelFormatException">The file cannot be opened or is empty.</exception>
    public static MappedFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        FileStream? stream = null;
        MemoryMappedFile? file = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            long length = stream.Length;
            if (length == 0) throw new ModelFormatException($"{path} is empty (0 bytes); copy or download it again.");
            file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            var mapped = new MappedFile(path, stream.SafeFileHandle, file, view, length);
            (stream, file, view) = (null, null, null);
            return mapped;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            string? link = e is FileNotFoundException or DirectoryNotFoundException ? WrongDownload.DeadLink(path) : null;
            throw new ModelFormatException(link is null ? $"{path} cannot be opened: {e.Message}" : $"{path} {link}.", e);
        }
        finally
        {
            view?.Dispose();
            file?.Dispose();
            stream?.Dispose();
        }
    }

    /// <summary>Memory that lives as long as the mapping.</summary>
    /// <param name="bytes">How much.</param>
    /// <returns>Its address.</returns>
    public nint Allocate(long bytes)
    {
        ObjectDisposedException.ThrowIf(start is null, this);
        own.Add((nint)HostMemory.Allocate(bytes));
        return own[^1];
    }

    /// <summary>A range of the file.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Number of bytes; a span holds fewer than 2 GiB, so read larger ranges through <see cref="Pointer"/>.</param>
    /// <returns>The bytes, valid until the file is disposed.</returns>
    public ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>((byte*)Pointer + offset, length);
    }

    /// <summary>Unmaps the file. Addresses into it become invalid.</summary>
    public void Dispose()
    {
        Release();
        view.Dispose();
        file.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (start is null) return;
        start = null;
        foreach (nint block in own) HostMemory.Free((void*)block);
        own.Clear();
        view.SafeMemoryMappedViewHandle.ReleasePointer();
    }
}
