using VlmSharp.Hub;

namespace VlmSharp.Cli.Diagnosis;

/// <summary>Checks of disks and folders.</summary>
internal static class FolderChecks
{
    // Bytes that a published 3B model needs, and bytes that everything needs.
    private const long RoomForModel = 6_500_000_000, NoRoom = 50_000_000;

    public static IEnumerable<Finding> All(string cache)
    {
        yield return Disk(cache);
        string temporary = Path.GetTempPath();
        yield return IsWritable(temporary)
            ? Finding.Good("temporary folder", temporary)
            : Finding.Problem("temporary folder", $"{temporary} cannot be written", "have TMPDIR name a folder that can");
    }

    private static Finding Disk(string cache)
    {
        string folder = Path.GetFullPath(cache);
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder)!;
        long free = new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;
        return Disk(folder, free);
    }

    internal static Finding Disk(string folder, long free)
    {
        string text = $"{ByteText.Of(free)} free at {folder}";
        return free switch
        {
            < NoRoom => Finding.Problem("disk", text, "make room, or put the cache on another disk with HF_HUB_CACHE"),
            < RoomForModel => Finding.Warning(
                "disk",
                text,
                "too little for another 3B model of 6 GB: make room, or put the cache on another disk with HF_HUB_CACHE"),
            _ => Finding.Good("disk", text),
        };
    }

    /// <summary>Whether a file can be created in a folder; the file is deleted again.</summary>
    public static bool IsWritable(string folder)
    {
        try
        {
            using FileStream probe = new(
                Path.Combine(folder, $".vlmsharp-{Guid.NewGuid():N}"),
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
