namespace VlmSharp.Imaging;

/// <summary>
/// Files that are not what the user meant to download: git-lfs pointers, and the pages and texts that a web server returns for a wrong
/// address or without access.
/// </summary>
internal static class WrongDownload
{
    private const int Looked = 512;

    /// <summary>
    /// What the bytes are, and what to do, as the end of a sentence that begins with the file's name; null if they may be the right file.
    /// </summary>
    /// <param name="bytes">The beginning of the file, or all of it.</param>
    public static string? WhatIs(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> start = bytes[..Math.Min(bytes.Length, Looked)].TrimStart(" \t\r\n"u8);
        if (Pointer(start) is { } pointer) return pointer;
        if (Begins(start, "<!doctype html"u8) || Begins(start, "<html"u8))
        {
            return "is a web page and not the file itself: download it again, "
                + "from the address with 'resolve' in it where it is on Hugging Face";
        }

        if (Begins(start, "Entry not found"u8) || Begins(start, "Repository not found"u8))
            return "holds a server's words that there is no such file, and not the file itself: download it again";
        if (Begins(start, "Access to model "u8) || Begins(start, "Invalid username or password"u8))
        {
            return "holds a server's words that access is restricted, and not the file itself: "
                + "accept the model's license and download it with a token";
        }

        return null;
    }

    /// <summary>Like <see cref="WhatIs"/>, but only for git-lfs pointers: no text that anyone writes begins as they do.</summary>
    /// <param name="bytes">The beginning of the file, or all of it.</param>
    public static string? Pointer(ReadOnlySpan<byte> bytes) => bytes.StartsWith("version https://git-lfs.github.com/spec/"u8)
        ? "is a git-lfs pointer and not the file itself: install git-lfs and run 'git lfs pull' in its folder, "
            + "or download the file from the page that it comes from"
        : null;

    /// <summary>The error for a link without a target, as in <see cref="WhatIs"/>; null if the path is no such link.</summary>
    /// <param name="path">A path that may be one.</param>
    public static string? DeadLink(string path) =>
        // The Hugging Face cache holds links; copied alone they have no target.
        new FileInfo(path).LinkTarget is { } target && !Path.Exists(Target(path, target))
            ? $"is a link to {target}, which is not there: copy what links lead to as well (cp -L), or get the file again"
            : null;

    // A relative target counts from the folder of the link.
    private static string Target(string path, string target) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "", target);

    private static bool Begins(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> words) =>
        bytes.Length >= words.Length && System.Text.Ascii.EqualsIgnoreCase(bytes[..words.Length], words);
}
