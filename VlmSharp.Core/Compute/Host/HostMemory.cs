using System.Runtime.InteropServices;

namespace VlmSharp.Compute.Host;

/// <summary>
/// Native memory for large data that kernels read from end to end. Linux allocates pages of 4 KB unless it is asked for 2 MB. Prefetchers
/// stop at a page boundary and the address must be translated again; with large pages this happens 512 times less often.
/// </summary>
internal static unsafe partial class HostMemory
{
    /// <summary>Blocks start at a cache line, which is also as long as the widest vector.</summary>
    public const int Alignment = 64;

    private const int LargePage = 1 << 21, AdviseHugePage = 14; // MADV_HUGEPAGE of Linux

    /// <summary>Allocates memory; its content is undefined.</summary>
    /// <param name="bytes">The number of bytes, at least 0.</param>
    /// <returns>Its address, for <see cref="Free"/>.</returns>
    /// <exception cref="OutOfMemoryException">The system has no more.</exception>
    public static void* Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes < 2 * LargePage) return NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        void* start = NativeMemory.AlignedAlloc((nuint)bytes, LargePage);
        PreferLargePages(start, bytes);
        return start;
    }

    /// <summary>Frees memory.</summary>
    /// <param name="start">From <see cref="Allocate"/>, or null.</param>
    public static void Free(void* start) => NativeMemory.AlignedFree(start);

    /// <summary>
    /// Asks the system to use large pages for memory or a mapped file, before it is accessed. If this is not possible, nothing changes.
    /// </summary>
    /// <param name="start">The first byte, at a page boundary.</param>
    /// <param name="bytes">The number of bytes.</param>
    internal static void PreferLargePages(void* start, long bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Advise(start, (nuint)bytes, AdviseHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // The C library has another name: pages stay small.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
