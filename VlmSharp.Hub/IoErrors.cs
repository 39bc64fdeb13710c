namespace VlmSharp.Hub;

/// <summary>The meaning of an <see cref="IOException"/>.</summary>
internal static class IoErrors
{
    // ENOSPC and EDQUOT of Linux and macOS; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static readonly int[] Full = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    // EWOULDBLOCK of Linux and macOS; ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of Windows.
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    /// <summary>Another process has locked the file.</summary>
    public static bool IsHeld(IOException e) => Held.Contains(e.HResult);

    /// <summary>The disk or this user's quota is full.</summary>
    public static bool IsDiskFull(IOException e) => Full.Contains(e.HResult);
}
