namespace VlmSharp.Hub;

/// <summary>
/// The right to make a blob, held against other processes: the lock that Python's filelock takes on the same file (flock on Unix, which .NET takes for
/// <see cref="FileShare.None"/>; on Windows a file that others cannot open). The file stays: who removes it takes the lock from those who wait.
/// </summary>
internal static class CacheLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock's file.</param>
    /// <param name="waiting">Is told, once, when another holds it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What gives it back.</returns>
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
