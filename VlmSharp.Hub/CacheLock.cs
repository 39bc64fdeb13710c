namespace VlmSharp.Hub;

/// <summary>
/// A lock on the creation of a blob against other processes. It is the lock that Python's filelock takes on the same file: flock on Unix,
/// which .NET uses for <see cref="FileShare.None"/>; on Windows a file that others cannot open. The file is never deleted, because deleting
/// it would take the lock from processes that wait for it.
/// </summary>
internal static class CacheLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock's file.</param>
    /// <param name="waiting">Called once if another process holds the lock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Releases the lock when disposed.</returns>
    public static async Task<IDisposable> TakeAsync(string path, Action waiting, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (IoErrors.IsHeld(e))
            {
                if (!told) waiting();
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
