namespace VlmSharp.Hub;

/// <summary>Sizes in the cache.</summary>
internal static class CacheFiles
{
    /// <summary>The length of a file, or of a link's target; null if there is none.</summary>
    public static long? Length(string path)
    {
        if (!File.Exists(path)) return null;
        FileSystemInfo? target = File.ResolveLinkTarget(path, returnFinalTarget: true);
        return new FileInfo(target?.FullName ?? path).Length;
    }

    /// <summary>Bytes that this user can still write in a folder, which need not exist yet.</summary>
    public static long Free(string folder)
    {
        string existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing)!;
        return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(existing)! : existing).AvailableFreeSpace;
    }
}
