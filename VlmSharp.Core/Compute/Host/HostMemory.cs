using System.Runtime.InteropServices;

namespace VlmSharp.Compute.Host;

/// <summary>
/// Native memory for what kernels stream through. Linux hands it out in pages of 4 KB unless it is asked for 2 MB: then a stream
/// meets a page boundary, where prefetchers stop and the address has to be looked up anew, 512 times less often.
/// </summary>
internal static unsafe partial class HostMemory
{
    /// <summary>Blocks start on a cache line, which is also the widest vector.</summary>
    public const int Alignment = 64;

    private const int LargePage = 1 << 21, AdviseHugePage = 14; // MADV_HUGEPAGE of Linux

    /// <summary>Takes memory; its content is undefined.</summary>
    /// <param name="bytes">How much, at least 0.</param>
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

    /// <summary>Gives memory back.</summary>
    /// <param name="start">From <see cref="Allocate"/>, or null.</param>
    public static void Free(void* start) => NativeMemory.AlignedFree(start);

    /// <summary>Asks for large pages below memory or a mapped file, before it is touched. Advice: where it cannot be followed nothing changes.</summary>
    /// <param name="start">First byte, on a page boundary.</param>
    /// <param name="bytes">How many.</param>
    internal static void PreferLargePages(void* start, long bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Advise(start, (nuint)bytes, AdviseHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library of another name: pages stay small.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
