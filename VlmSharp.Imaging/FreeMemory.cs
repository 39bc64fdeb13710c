namespace VlmSharp.Imaging;

/// <summary>The memory that the process may still take for pictures.</summary>
internal static class FreeMemory
{
    /// <summary>
    /// Whether memory ran out while a picture was read. Where others leave nothing at all, not even the text of the decoder's error fits,
    /// and the exception is that of the runtime.
    /// </summary>
    public static bool RanOut(Exception exception) =>
        exception is OutOfMemoryException or ImageFormatException { InnerException: OutOfMemoryException };

    /// <summary>
    /// Makes room for a picture that did not fit beside others: collects what is no longer used, and gives it back to the system in one
    /// piece. The collection that precedes an <see cref="OutOfMemoryException"/> keeps what other pictures had in separate regions, between
    /// which a large array may find no place, so that the same picture fits in one run and not in the next. Takes milliseconds.
    /// </summary>
    public static void Gather() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
